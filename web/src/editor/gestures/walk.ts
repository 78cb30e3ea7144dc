/** Walking from node to node by arrow keys. Pure; canvas units. */

import { type Box, centre } from './boxes'

export type Heading = 'left' | 'right' | 'up' | 'down'

const WAYS: Record<Heading, { x: number; y: number }> = {
  left: { x: -1, y: 0 },
  right: { x: 1, y: 0 },
  up: { x: 0, y: -1 },
  down: { x: 0, y: 1 },
}

/** Weight of the distance across the direction, against that along it. */
const ASIDE = 2

/** The next node in a direction: near, and ahead rather than aside. null: none. */
export function next(boxes: ReadonlyMap<string, Box>, from: string, way: Heading): string | null {
  const start = boxes.get(from)
  if (!start) return null
  const [a, { x: dx, y: dy }] = [centre(start), WAYS[way]]
  let [best, least]: [string | null, number] = [null, Number.POSITIVE_INFINITY]
  for (const [id, box] of boxes) {
    if (id === from) continue
    const b = centre(box)
    const [ahead, aside] = [
      (b.x - a.x) * dx + (b.y - a.y) * dy,
      Math.abs((b.x - a.x) * dy) + Math.abs((b.y - a.y) * dx),
    ]
    if (ahead <= 0.5 || aside > ahead * 2.5) continue
    const cost = ahead + ASIDE * aside
    if (cost < least) [best, least] = [id, cost]
  }
  return best
}
