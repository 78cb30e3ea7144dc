import { nameOf } from '@/protocol'
import { useValue } from '@/ui'
import { useCanvas } from '../input/context'
import type { Drag } from '../input/drag'
import styles from './DragLayer.module.css'
import { ToolIcon, useToolNames } from './Palette'

/** What is under the pointer while something is dragged, and the line that it pulls. */
export function DragLayer() {
  const { drags } = useCanvas()
  const drag = useValue(drags.now)
  if (!drag) return null
  const { start, at, load } = drag
  return (
    <div className={styles.layer} data-testid="drag">
      {load.kind !== 'tool' && (
        <svg className={styles.svg} aria-hidden="true">
          <path className={styles.line} d={`M${start.x} ${start.y}L${at.x} ${at.y}`} />
          <circle className={styles.end} cx={start.x} cy={start.y} r={4} />
          <circle className={styles.end} cx={at.x} cy={at.y} r={5} />
        </svg>
      )}
      <Ghost drag={drag} />
    </div>
  )
}

function Ghost({ drag: { load, at } }: { drag: Drag }) {
  const names = useToolNames()
  if (load.kind === 'link') return null
  return (
    <div className={styles.ghost} style={{ translate: `${at.x + 10}px ${at.y + 8}px` }}>
      {load.kind === 'tool' && <ToolIcon tool={load.tool} />}
      {load.kind === 'tool' ? names[load.tool] : nameOf(load.ref)}
    </div>
  )
}
