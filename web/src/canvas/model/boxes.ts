/** Which boxes lie under a point or in a rectangle: a grid of buckets. Pure. */

import type { Box } from './geometry'

/** Canvas units; about a card. */
const CELL = 512

const cell = (at: number): number => Math.floor(at / CELL)
const key = (column: number, row: number): string => `${column} ${row}`

export function meets(a: Box, b: Box): boolean {
  return a.x <= b.x + b.w && b.x <= a.x + a.w && a.y <= b.y + b.h && b.y <= a.y + a.h
}

/** The smallest box around all; undefined around nothing. */
export function around(boxes: Iterable<Box>): Box | undefined {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const { x, y, w, h } of boxes) {
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x + w)
    bottom = Math.max(bottom, y + h)
  }
  return left === Infinity ? undefined : { x: left, y: top, w: right - left, h: bottom - top }
}

/** Boxes in the order in which they are drawn: later ones lie on top. */
export class BoxIndex<T extends Box> {
  private readonly cells = new Map<string, number[]>()
  private readonly boxes: readonly T[]

  constructor(boxes: readonly T[]) {
    this.boxes = boxes
    boxes.forEach((box, i) => {
      for (let column = cell(box.x); column <= cell(box.x + box.w); column += 1) {
        for (let row = cell(box.y); row <= cell(box.y + box.h); row += 1) {
          const list = this.cells.get(key(column, row))
          if (list) list.push(i)
          else this.cells.set(key(column, row), [i])
        }
      }
    })
  }

  /** The boxes that meet `area`, in drawing order. */
  in(area: Box): T[] {
    const found = new Set<number>()
    for (let column = cell(area.x); column <= cell(area.x + area.w); column += 1) {
      for (let row = cell(area.y); row <= cell(area.y + area.h); row += 1) {
        for (const i of this.cells.get(key(column, row)) ?? []) found.add(i)
      }
    }
    return [...found]
      .sort((a, b) => a - b)
      .flatMap((i) => {
        const box = this.boxes[i]
        return box && meets(box, area) ? [box] : []
      })
  }

  /** The boxes around a point, the uppermost first; `reach` widens the point. */
  at(x: number, y: number, reach = 0): T[] {
    return this.in({ x: x - reach, y: y - reach, w: 2 * reach, h: 2 * reach }).reverse()
  }
}
