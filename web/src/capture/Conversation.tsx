import { useEffect, useState } from 'react'
import { Dialog } from '@/ui'
import styles from './Capture.module.css'
import type { CaptureModel } from './model'
import type { Conversation as Found, Piece } from './stream'
import { useCaptureTexts } from './texts'

const decoder = new TextDecoder('utf-8')

/** The data of both directions of a stream, in order. */
export function Conversation({ model, number, onClose }: { model: CaptureModel; number: number; onClose: () => void }) {
  const t = useCaptureTexts()
  const [found, setFound] = useState<Found | null | undefined>(undefined)
  useEffect(() => {
    void model.ask<'follow'>({ do: 'follow', number }).then(setFound)
  }, [model, number])
  if (found === undefined) return null
  const title = found ? t.followTitle(found.protocol.toUpperCase()) : t.follow
  return (
    <Dialog title={title} onClose={onClose} wide>
      {found === null && <p>{t.noStream}</p>}
      {found && found.pieces.length === 0 && <p>{t.nothing}</p>}
      {found && found.pieces.length > 0 && (
        <div className={styles.conversation}>
          {found.pieces.map((piece, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: pieces stay where they are
            <Said key={i} piece={piece} who={found.ends[piece.first ? 0 : 1]} />
          ))}
        </div>
      )}
    </Dialog>
  )
}

function Said({ piece, who }: { piece: Piece; who: string }) {
  const t = useCaptureTexts()
  return (
    <figure className={styles.said} data-first={piece.first || undefined}>
      <figcaption>{t.sent(who.replace(' ', ':'))}</figcaption>
      {piece.missing > 0 && <em>{t.missing(piece.missing)}</em>}
      <pre>{decoder.decode(piece.bytes)}</pre>
    </figure>
  )
}
