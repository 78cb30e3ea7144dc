/** What a moved box snaps to: edges and centres of its neighbours, or the grid. Pure; canvas units. */

import type { Box, Point } from './boxes'

/** A line to draw: along `axis` x at x = `at`, from `from` to `to` (y); the other way round along y. */
export interface Guide {
  axis: 'x' | 'y'
  at: number
  from: number
  to: number
}

export interface Snapped {
  by: Point
  guides: readonly Guide[]
}

export const GRID = 20

/** Start, middle and end of a box along an axis. */
const lines = (b: Box, axis: 'x' | 'y'): readonly number[] =>
  axis === 'x' ? [b.x, b.x + b.w / 2, b.x + b.w] : [b.y, b.y + b.h / 2, b.y + b.h]

const span = (b: Box, axis: 'x' | 'y'): readonly [number, number] =>
  axis === 'x' ? [b.y, b.y + b.h] : [b.x, b.x + b.w]

/** A line of a neighbour. */
interface Ruler {
  at: number
  of: Box
}

/** The lines of the neighbours along each axis, by their place: made once for a move, looked into for each of its steps. */
export interface Rulers {
  x: readonly Ruler[]
  y: readonly Ruler[]
}

export function rulersOf(others: readonly Box[]): Rulers {
  const along = (axis: 'x' | 'y'): Ruler[] =>
    others.flatMap((of) => lines(of, axis).map((at) => ({ at, of }))).sort((a, b) => a.at - b.at)
  return { x: along('x'), y: along('y') }
}

/** Where the first ruler is that does not lie before `at`. */
function firstFrom(rulers: readonly Ruler[], at: number): number {
  let [low, high] = [0, rulers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rulers[middle]?.at ?? at) < at) low = middle + 1
    else high = middle
  }
  return low
}

/** How far along one axis to the nearest line of a neighbour; null where none is within `reach`. */
function nearest(box: Box, rulers: Rulers, axis: 'x' | 'y', reach: number): number | null {
  let best: number | null = null
  for (const mine of lines(box, axis)) {
    const i = firstFrom(rulers[axis], mine)
    for (const ruler of [rulers[axis][i - 1], rulers[axis][i]]) {
      if (!ruler) continue
      const by = ruler.at - mine
      if (Math.abs(by) <= reach && (best === null || Math.abs(by) < Math.abs(best))) best = by
    }
  }
  return best
}

const SAME = 0.01

/** A guide for each line of the box on which a neighbour has one too, as long as both together. */
function guidesOf(box: Box, rulers: Rulers, axis: 'x' | 'y'): Guide[] {
  const out: Guide[] = []
  for (const at of lines(box, axis)) {
    let [start, end] = span(box, axis)
    const first = firstFrom(rulers[axis], at - SAME)
    let i = first
    for (let ruler = rulers[axis][i]; ruler && ruler.at < at + SAME; i += 1, ruler = rulers[axis][i]) {
      const [from, to] = span(ruler.of, axis)
      start = Math.min(start, from)
      end = Math.max(end, to)
    }
    if (i > first) out.push({ axis, at, from: start, to: end })
  }
  return out
}

/** Where `box` goes among its neighbours: at most `reach` further than it is. */
export function snap(box: Box, rulers: Rulers, reach: number): Snapped {
  const [dx, dy] = [nearest(box, rulers, 'x', reach), nearest(box, rulers, 'y', reach)]
  const at = { ...box, x: box.x + (dx ?? 0), y: box.y + (dy ?? 0) }
  const guides = [...(dx === null ? [] : guidesOf(at, rulers, 'x')), ...(dy === null ? [] : guidesOf(at, rulers, 'y'))]
  return { by: { x: dx ?? 0, y: dy ?? 0 }, guides }
}

/** The corner of `box`, rounded to the grid. */
export function snapToGrid(box: Box, grid = GRID): Snapped {
  const to = (v: number): number => Math.round(v / grid) * grid
  return { by: { x: to(box.x) - box.x, y: to(box.y) - box.y }, guides: [] }
}
