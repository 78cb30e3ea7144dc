import type { ReactNode } from 'react'
import type { Board } from '../model/board'
import { useOverview, useView } from './camera'
import styles from './Flow.module.css'

/** The least zoom at which what lies above the cards is as large as drawn; further out it grows against the zoom. */
const READABLE = 0.8

/** What lies above the cards in canvas units, so large that it is seen at every zoom: `--grow` says how much larger than drawn. */
export function AboveCards({ board, children }: { board: Board; children: ReactNode }) {
  const { zoom } = useView()
  return useOverview(board) ? null : <div style={growing(zoom)}>{children}</div>
}

/** The same above the drawing of the whole, which lies above the cards. */
export function AboveOverview({ board, children }: { board: Board; children: ReactNode }) {
  const { x, y, zoom } = useView()
  if (!useOverview(board)) return null
  const transform = `translate(${x}px, ${y}px) scale(${zoom})`
  return (
    <div className={styles.aboveOverview} style={{ transform, ...growing(zoom) }}>
      {children}
    </div>
  )
}

const growing = (zoom: number): Record<string, number> => ({ '--grow': Math.max(1, READABLE / zoom) })
