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

/** How far along one axis to the nearest line of a neighbour; null where none is within `reach`. */
function nearest(box: Box, others: readonly Box[], axis: 'x' | 'y', reach: number): number | null {
  let best: number | null = null
  const own = lines(box, axis)
  for (const other of others) {
    for (const theirs of lines(other, axis)) {
      for (const mine of own) {
        const by = theirs - mine
        if (Math.abs(by) <= reach && (best === null || Math.abs(by) < Math.abs(best))) best = by
      }
    }
  }
  return best
}

/** A guide for each line of the box on which a neighbour has one too, as long as both together. */
function guidesOf(box: Box, others: readonly Box[], axis: 'x' | 'y'): Guide[] {
  const out = new Map<number, Guide>()
  const [start, end] = span(box, axis)
  for (const at of lines(box, axis)) {
    for (const other of others) {
      if (!lines(other, axis).some((line) => Math.abs(line - at) < 0.01)) continue
      const [from, to] = span(other, axis)
      const known = out.get(at) ?? { axis, at, from: start, to: end }
      out.set(at, { ...known, from: Math.min(known.from, from), to: Math.max(known.to, to) })
    }
  }
  return [...out.values()]
}

/** Where `box` goes among its neighbours: at most `reach` further than it is. */
export function snap(box: Box, others: readonly Box[], reach: number): Snapped {
  const [dx, dy] = [nearest(box, others, 'x', reach), nearest(box, others, 'y', reach)]
  const at = { ...box, x: box.x + (dx ?? 0), y: box.y + (dy ?? 0) }
  const guides = [...(dx === null ? [] : guidesOf(at, others, 'x')), ...(dy === null ? [] : guidesOf(at, others, 'y'))]
  return { by: { x: dx ?? 0, y: dy ?? 0 }, guides }
}

/** Where the corner of `box` goes on the grid. */
export function snapToGrid(box: Box, grid = GRID): Snapped {
  const to = (v: number): number => Math.round(v / grid) * grid
  return { by: { x: to(box.x) - box.x, y: to(box.y) - box.y }, guides: [] }
}
