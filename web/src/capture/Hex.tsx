import { useEffect, useRef } from 'react'
import styles from './Capture.module.css'
import { useCaptureTexts } from './texts'

const WIDTH = 16
const MOST = 4096

/** The bytes as xxd prints them, the marked ones marked. Of a giant the first are shown. */
export function Hex({ bytes, marked }: { bytes: Uint8Array; marked: readonly [from: number, to: number] | null }) {
  const t = useCaptureTexts()
  const first = useRef<HTMLElement>(null)
  const start = marked?.[0]
  useEffect(() => {
    if (start !== undefined) first.current?.scrollIntoView({ block: 'nearest' })
  }, [start])
  const lines: number[] = []
  for (let at = 0; at < Math.min(bytes.length, MOST); at += WIDTH) lines.push(at)
  const isMarked = (at: number): boolean => marked !== null && at >= marked[0] && at < marked[1]
  return (
    <section className={styles.hex} aria-label={t.bytes}>
      {lines.map((at) => {
        const row = [...bytes.subarray(at, at + WIDTH)]
        return (
          <div key={at} className={styles.hexLine}>
            <span className={styles.offset}>{at.toString(16).padStart(4, '0')}</span>
            {row.map((byte, i) => (
              <span
                // biome-ignore lint/suspicious/noArrayIndexKey: a byte is its place
                key={i}
                ref={at + i === start ? first : undefined}
                className={styles.byte}
                data-marked={isMarked(at + i) || undefined}
              >
                {byte.toString(16).padStart(2, '0')}
              </span>
            ))}
            <span className={styles.ascii} style={{ gridColumn: WIDTH + 2 }}>
              {row.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : '·')).join('')}
            </span>
          </div>
        )
      })}
      {bytes.length > MOST && <div>…</div>}
    </section>
  )
}
