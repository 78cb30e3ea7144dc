/** Where the labels at both ends of links stand, so that none covers another or a card. Pure; canvas units. */

import type { Point } from './anchors'
import { meets } from './boxes'
import { along } from './curve'
import type { Box } from './geometry'
import type { LineShape, NodeShape } from './picture'

/** `lines`: the texts, one below the other, around `x`, `y`. */
export interface Label extends Point {
  lines: readonly string[]
}

export interface Ends {
  a?: Label | undefined
  b?: Label | undefined
}

const LETTER_W = 6.5
const LINE_H = 13
/** Around the letters. */
export const PAD = 3
/** Tried in this order: the share of the way from the end. */
const STATIONS = [0.12, 0.18, 0.25, 0.33, 0.4]

/** A rate as wide as any, in the middle of a link. */
const RATE = '999.9 Mbit/s'

/** The labels that have room. Longer links come first: where there is little room, they have the most to say. `rates`: the middles of links are kept free for them. */
export function placeLabels(
  lines: readonly LineShape[],
  nodes: readonly NodeShape[],
  textOf: (ref: string) => readonly string[],
  rates = false,
): Map<string, Ends> {
  const taken = new Crowd()
  for (const node of nodes) if (node.parent === null) taken.add(node)
  if (rates) for (const shape of lines) taken.add(boxOf({ ...along(shape, 0.5), lines: [RATE] }))
  const out = new Map<string, Ends>()
  const length = (s: LineShape): number => Math.hypot(s.d.x - s.a.x, s.d.y - s.a.y)
  for (const shape of [...lines].sort((p, q) => length(q) - length(p))) {
    const a = place(shape, textOf(shape.line.a), (s) => s, taken)
    const b = place(shape, textOf(shape.line.b), (s) => 1 - s, taken)
    if (a || b) out.set(shape.line.id, { a, b })
  }
  return out
}

function place(
  shape: LineShape,
  lines: readonly string[],
  station: (share: number) => number,
  taken: Crowd,
): Label | undefined {
  if (lines.length === 0) return undefined
  for (const share of STATIONS) {
    const label = beside(shape, station(share), lines)
    const box = boxOf(label)
    if (taken.meets(box)) continue
    taken.add(box)
    return label
  }
  return undefined
}

/** Above a line that runs across, at the right of one that runs down: the line itself stays whole. */
function beside(shape: LineShape, at: number, lines: readonly string[]): Label {
  const [p, q] = [along(shape, at - 0.03), along(shape, at + 0.03)]
  const { x, y } = along(shape, at)
  const { w, h } = boxOf({ x, y, lines })
  const across = Math.abs(q.x - p.x) >= Math.abs(q.y - p.y)
  return across ? { x, y: y - h / 2 - PAD, lines } : { x: x + w / 2 + PAD, y, lines }
}

/** What a label keeps free of others. */
export function boxOf({ x, y, lines }: Label): Box {
  const w = Math.max(...lines.map((text) => text.length)) * LETTER_W + 2 * PAD
  const h = lines.length * LINE_H + 2 * PAD
  return { x: x - w / 2, y: y - h / 2, w, h }
}

const CELL = 256

/** Boxes that must not be covered. */
class Crowd {
  private readonly cells = new Map<string, Box[]>()

  add(box: Box): void {
    for (const key of this.keys(box)) {
      const list = this.cells.get(key)
      if (list) list.push(box)
      else this.cells.set(key, [box])
    }
  }

  meets(box: Box): boolean {
    for (const key of this.keys(box)) if (this.cells.get(key)?.some((other) => meets(other, box))) return true
    return false
  }

  private *keys({ x, y, w, h }: Box): Iterable<string> {
    for (let c = Math.floor(x / CELL); c <= Math.floor((x + w) / CELL); c += 1) {
      for (let r = Math.floor(y / CELL); r <= Math.floor((y + h) / CELL); r += 1) yield `${c} ${r}`
    }
  }
}
