/** Aligning and distributing boxes. Pure; canvas units. Returns the new corners of those that move. */

import { around, type Box, type Point } from './boxes'

export type Edge = 'left' | 'centre' | 'right' | 'top' | 'middle' | 'bottom'
export type Boxes = ReadonlyMap<string, Box>

function moves(boxes: Boxes, to: (box: Box) => Point): Map<string, Point> {
  const out = new Map<string, Point>()
  for (const [id, box] of boxes) {
    const at = to(box)
    if (at.x !== box.x || at.y !== box.y) out.set(id, { x: Math.round(at.x), y: Math.round(at.y) })
  }
  return out
}

/** All at the same edge, or on the same middle, of the box around them. */
export function align(boxes: Boxes, edge: Edge): Map<string, Point> {
  const all = around(boxes.values())
  if (!all) return new Map()
  const to: Record<Edge, (b: Box) => Point> = {
    left: (b) => ({ x: all.x, y: b.y }),
    centre: (b) => ({ x: all.x + (all.w - b.w) / 2, y: b.y }),
    right: (b) => ({ x: all.x + all.w - b.w, y: b.y }),
    top: (b) => ({ x: b.x, y: all.y }),
    middle: (b) => ({ x: b.x, y: all.y + (all.h - b.h) / 2 }),
    bottom: (b) => ({ x: b.x, y: all.y + all.h - b.h }),
  }
  return moves(boxes, to[edge])
}

/** Equal gaps between them, from the first to the last, which stay. */
export function distribute(boxes: Boxes, axis: 'x' | 'y'): Map<string, Point> {
  const size = axis === 'x' ? 'w' : 'h'
  const sorted = [...boxes].sort(([, a], [, b]) => a[axis] - b[axis] || a[size] - b[size])
  const [first, last] = [sorted[0]?.[1], sorted.at(-1)?.[1]]
  if (!first || !last || sorted.length < 3) return new Map()
  const room = last[axis] + last[size] - first[axis] - sorted.reduce((sum, [, b]) => sum + b[size], 0)
  const gap = room / (sorted.length - 1)
  const at = new Map<string, number>()
  let next = first[axis]
  for (const [id, box] of sorted) {
    at.set(id, next)
    next += box[size] + gap
  }
  const ids = new Map([...boxes].map(([id, box]) => [box, id]))
  return moves(boxes, (box) => ({ ...box, [axis]: at.get(ids.get(box) ?? '') ?? box[axis] }))
}
