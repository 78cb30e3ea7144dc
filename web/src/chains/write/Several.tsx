import { useState } from 'react'
import { errorMessage, useEditor } from '@/editor'
import { announce, Button } from '@/ui'
import { usePanel } from '../context'
import type { Several as Lines } from '../model/several'
import { RuleText } from '../RuleText'
import styles from './Several.module.css'
import { useWriteTexts } from './texts'

/** Several commands were pasted: all of them are one edit. */
export function Several({ found, onFirst }: { found: Lines; onFirst: () => void }) {
  const t = useWriteTexts()
  const editor = useEditor()
  const panel = usePanel()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string>()
  const { commands, lines, unread } = found
  const add = async (): Promise<void> => {
    setBusy(true)
    try {
      const label = t.addedSeveral(commands.length)
      await editor.request(commands, label)
      announce(label)
      panel.leave()
    } catch (reason) {
      setError(errorMessage(reason))
      setBusy(false)
    }
  }
  return (
    <section className={styles.several} aria-label={t.several(commands.length)}>
      <h4>{t.several(commands.length)}</h4>
      <ol className={styles.lines}>
        {lines.map(({ place, text }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same line may stand there twice, and none moves
          <li key={i}>
            <span className={styles.place}>{place}</span>
            <RuleText text={text} />
          </li>
        ))}
      </ol>
      {unread.length > 0 && (
        <p className={styles.unread} role="note">
          {t.unread}
          {unread.map((line) => (
            <code key={line}>{line}</code>
          ))}
        </p>
      )}
      {error && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
      <p className={styles.actions}>
        <Button size="s" variant="primary" autoFocus disabled={busy} onClick={() => void add()}>
          {busy ? t.saving : t.addSeveral(commands.length)}
        </Button>
        <Button size="s" disabled={busy} onClick={onFirst}>
          {t.onlyFirst}
        </Button>
        <span>{t.oneUndo}</span>
      </p>
    </section>
  )
}
