import type { Example } from '@/protocol'
import styles from './Examples.module.css'
import { sketch } from './thumbnail'

/** What a document looks like, small. */
export function Thumbnail({ document }: { document: Example['document'] }) {
  const { width, height, boxes, lines } = sketch(document)
  const margin = 30
  return (
    <svg
      className={styles.thumbnail}
      viewBox={`${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}`}
      aria-hidden="true"
    >
      {lines.map((line) => (
        <line key={`${line.x1} ${line.y1} ${line.x2} ${line.y2}`} {...line} />
      ))}
      {boxes.map(({ name, x, y, w, h, host, bridge }) => (
        <g key={name} data-host={host || undefined}>
          <rect x={x} y={y} width={w} height={h} rx={22} />
          {bridge && (
            <rect className={styles.bridge} x={x + 26} y={y + h / 2 - 8} width={w - 52} height={h / 2 - 18} rx={14} />
          )}
        </g>
      ))}
    </svg>
  )
}
