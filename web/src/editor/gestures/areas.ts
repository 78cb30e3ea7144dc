/** Areas and the nodes inside them. Pure; canvas units. */

import { around, type Box, grown, within } from './boxes'

/** Room between an area's border and what is in it, and for its label. */
const MARGIN = 28
const LABEL = 20

/** The area around these boxes. */
export function areaAround(boxes: Iterable<Box>): Box | null {
  const all = around(boxes)
  if (!all) return null
  const { x, y, w, h } = grown(all, MARGIN)
  return { x: Math.round(x), y: Math.round(y - LABEL), w: Math.round(w), h: Math.round(h + LABEL) }
}

/** The ids of the boxes that are completely inside the area. */
export function inside(area: Box, boxes: Iterable<readonly [string, Box]>): string[] {
  return [...boxes].flatMap(([id, box]) => (within(box, area) ? [id] : []))
}

export const LEAST = { w: 80, h: 48 }

/** A box whose corner (`right`, `bottom`) or border is dragged; never smaller than an area may be. */
export function resized(box: Box, by: { x: number; y: number }, corner: { left: boolean; top: boolean }): Box {
  const w = Math.max(LEAST.w, Math.round(corner.left ? box.w - by.x : box.w + by.x))
  const h = Math.max(LEAST.h, Math.round(corner.top ? box.h - by.y : box.h + by.y))
  return { x: corner.left ? box.x + box.w - w : box.x, y: corner.top ? box.y + box.h - h : box.y, w, h }
}
