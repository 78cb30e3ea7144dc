import type { PointerEvent } from 'react'
import { resized } from '@/editor'
import { useCanvas } from '../input/context'
import { track } from '../input/track'
import { useShapeTexts } from '../texts/shapes'
import styles from './ResizeCorners.module.css'

const CORNERS = [
  { left: true, top: true },
  { left: false, top: true },
  { left: true, top: false },
  { left: false, top: false },
]

/** The four corners of an area or a note that is selected: dragging one changes its size. */
export function ResizeCorners({ id }: { id: string }) {
  const { shapes } = useCanvas()
  const t = useShapeTexts()
  const begin = (event: PointerEvent, corner: { left: boolean; top: boolean }): void => {
    const box = shapes.boxOf(id)
    if (!box || event.button !== 0) return
    event.stopPropagation()
    track(event, shapes.toCanvas, {
      move: (by) => shapes.resizing(id, resized(box, by, corner)),
      drop: (by) => shapes.resize(id, resized(box, by, corner)),
      cancel: () => shapes.forget(id),
    })
  }
  return CORNERS.map((corner) => (
    <div
      key={`${corner.left}${corner.top}`}
      className={`nodrag nopan ${styles.corner}`}
      title={t.resize}
      data-corner={`${corner.top ? 'n' : 's'}${corner.left ? 'w' : 'e'}`}
      onPointerDown={(event) => begin(event, corner)}
    />
  ))
}
