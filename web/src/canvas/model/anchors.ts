/** Where a link leaves its node. Pure. */

import type { CardBox } from './geometry'

export interface Point {
  x: number
  y: number
}

/** A place on a border, and which way it faces. */
export interface Anchor extends Point {
  dx: -1 | 0 | 1
  dy: -1 | 0 | 1
}

/** The places at which an end can leave, relative to the corner of `node` (`ns0`, or `host/br0`). */
export interface Anchors {
  node: string
  options: readonly Anchor[]
}

const left = (x: number, y: number): Anchor => ({ x, y, dx: -1, dy: 0 })
const right = (x: number, y: number): Anchor => ({ x, y, dx: 1, dy: 0 })
const top = (x: number, y: number): Anchor => ({ x, y, dx: 0, dy: -1 })
const bottom = (x: number, y: number): Anchor => ({ x, y, dx: 0, dy: 1 })

/** The anchors of all interfaces in a card, by ref. */
export function anchorsOf(namespace: string, card: CardBox): Map<string, Anchors> {
  const out = new Map<string, Anchors>()
  const alone = card.chips.length === 1 && card.bridges.length === 0
  for (const chip of card.chips) {
    const middle = chip.y + chip.h / 2
    const options = [
      ...(chip.left ? [left(0, middle)] : []),
      ...(chip.right ? [right(card.w, middle)] : []),
      ...(alone ? [top(card.w / 2, 0), bottom(card.w / 2, card.h)] : []),
    ]
    out.set(chip.ref, { node: namespace, options })
  }
  for (const bridge of card.bridges) {
    const { w, h, ref } = bridge
    out.set(ref, { node: ref, options: [left(0, h / 2), right(w, h / 2), top(w / 2, 0), bottom(w / 2, h)] })
    for (const port of bridge.ports) {
      const [x, y] = [port.x + port.w / 2, port.y + port.h / 2]
      const sides = [...(port.left ? [left(0, y)] : []), ...(port.right ? [right(w, y)] : [])]
      out.set(port.ref, { node: ref, options: [bottom(x, h), top(x, 0), ...sides] })
    }
  }
  if (card.lo) out.set(card.lo, { node: namespace, options: [top(card.w - 40, 0)] })
  return out
}

/** The pair of anchors between which the curve is shortest and does not run back through its own nodes. */
export function bestPair(a: readonly Anchor[], b: readonly Anchor[], from: Point, to: Point): [Anchor, Anchor] | null {
  let best: [Anchor, Anchor] | null = null
  let least = Number.POSITIVE_INFINITY
  for (const p of a) {
    const start = { ...p, x: p.x + from.x, y: p.y + from.y }
    for (const q of b) {
      const end = { ...q, x: q.x + to.x, y: q.y + to.y }
      const cost = Math.hypot(end.x - start.x, end.y - start.y) + detour(start, end) + detour(end, start)
      if (cost < least) {
        least = cost
        best = [start, end]
      }
    }
  }
  return best
}

/** What it costs that the other end lies behind this anchor's back. */
function detour(at: Anchor, other: Point): number {
  const ahead = (other.x - at.x) * at.dx + (other.y - at.y) * at.dy
  return ahead >= 0 ? 0 : 60 - ahead
}
