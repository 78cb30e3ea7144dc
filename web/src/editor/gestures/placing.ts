/** The default place of a new card. */

import { type Box, grown, meets, type Point } from './boxes'

/** Room for a card with an interface or two, in canvas units. */
export const CARD = { w: 260, h: 120 }
const MARGIN = 60
const STEP = { x: 360, y: 260 }
const AROUND = 20
/** Steps in which a free place is looked for, and the room around it. */
const FINE = 40
const GAP = 20

/**
 * The free place that keeps the cards together: of the rows and columns of the card that is nearest to `centre` (the middle of what is
 * seen), the one nearest to the middle of all cards that stand around; below and to the right before above and to the left. Where
 * no card is near, the centre itself.
 */
export function placeNear(centre: Point, taken: readonly Box[]): Point {
  const near = taken.filter((box) => distance(middle(box), centre) < 3 * STEP.x)
  const anchor = least(near, (box) => distance(middle(box), centre))
  if (!anchor) return { x: snap(centre.x - 150), y: snap(centre.y - 60) }
  const heart = { x: mean(near.map((box) => box.x)), y: mean(near.map((box) => box.y)) }
  const places: Point[] = []
  for (let row = AROUND; row >= -AROUND; row -= 1) {
    for (let column = AROUND; column >= -AROUND; column -= 1) {
      const place = { x: anchor.x + column * STEP.x, y: anchor.y + row * STEP.y }
      if (taken.every((box) => apart(place, box))) places.push(place)
    }
  }
  return least(places, (place) => Math.round(distance(place, heart))) ?? centre
}

const apart = (p: Point, box: Box): boolean =>
  p.x >= box.x + box.w + MARGIN ||
  p.x + CARD.w + MARGIN <= box.x ||
  p.y >= box.y + box.h + MARGIN ||
  p.y + CARD.h + MARGIN <= box.y

const middle = (box: Box): Point => ({ x: box.x + box.w / 2, y: box.y + box.h / 2 })
const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y)
const mean = (of: readonly number[]): number => of.reduce((sum, n) => sum + n, 0) / of.length
const snap = (n: number): number => Math.round(n / 20) * 20

/** Where a box goes that shall cover nothing: as near as possible to where it is. */
export function placeFree(box: Box, taken: readonly Box[]): Point {
  const places: Point[] = []
  for (let row = -AROUND; row <= AROUND; row += 1) {
    for (let column = -AROUND; column <= AROUND; column += 1) {
      places.push({ x: box.x + column * FINE, y: box.y + row * FINE })
    }
  }
  places.sort((a, b) => distance(a, box) - distance(b, box))
  const free = (at: Point): boolean => !taken.some((other) => meets({ ...box, ...at }, grown(other, GAP)))
  return places.find(free) ?? box
}

/** The first of those with the least cost. */
function least<T>(of: readonly T[], cost: (one: T) => number): T | undefined {
  let best: { one: T; cost: number } | undefined
  for (const one of of) {
    const its = cost(one)
    if (!best || its < best.cost) best = { one, cost: its }
  }
  return best?.one
}
