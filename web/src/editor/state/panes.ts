/** How the panes of a terminal tab share its room: a tree of halves. Pure. */

/** One shell. `terminal` is null until the lab has named it. */
export interface Pane {
  pane: string
  namespace: string
  terminal: string | null
}

export type SplitDirection = 'right' | 'down'

/** `share`: how much of the room the first of the two has, 0 to 1. */
export interface Halves {
  split: SplitDirection
  share: number
  first: Panes
  second: Panes
}

export type Panes = Pane | Halves

const LEAST_SHARE = 0.1

export const isPane = (panes: Panes): panes is Pane => 'pane' in panes

/** All panes, as they are read: left to right, top to bottom. */
export const panesOf = (panes: Panes): Pane[] =>
  isPane(panes) ? [panes] : [...panesOf(panes.first), ...panesOf(panes.second)]

/** A name that no pane has. */
export function freshPane(panes: Panes): string {
  const taken = new Set(panesOf(panes).map((p) => p.pane))
  let n = 1
  while (taken.has(`p${n}`)) n += 1
  return `p${n}`
}

const change = (panes: Panes, pane: string, how: (found: Pane) => Panes): Panes => {
  if (isPane(panes)) return panes.pane === pane ? how(panes) : panes
  return { ...panes, first: change(panes.first, pane, how), second: change(panes.second, pane, how) }
}

/** Give half of a pane's room to a new one, to the right of it or below. */
export const splitPane = (panes: Panes, pane: string, way: SplitDirection, fresh: Pane): Panes =>
  change(panes, pane, (found) => ({ split: way, share: 0.5, first: found, second: fresh }))

/** Another shell in this pane. */
export const setTerminal = (panes: Panes, pane: string, terminal: string | null): Panes =>
  change(panes, pane, (found) => ({ ...found, terminal }))

/** Removes a pane; its neighbours get the space. null: it was the only one. */
export function closePane(panes: Panes, pane: string): Panes | null {
  if (isPane(panes)) return panes.pane === pane ? null : panes
  const first = closePane(panes.first, pane)
  const second = closePane(panes.second, pane)
  if (first === null) return second
  return second === null ? first : { ...panes, first, second }
}

/** The pane before (`by` -1) or after (1) this one, round and round. */
export function neighbour(panes: Panes, pane: string, by: number): string {
  const all = panesOf(panes).map((p) => p.pane)
  return all[(all.indexOf(pane) + by + all.length) % all.length] ?? pane
}

/** A rectangle in a tab, as fractions of its width and height. */
export interface Rect {
  x: number
  y: number
  w: number
  h: number
}

/** The line between two halves. `path` leads to it: `1` the first half, `2` the second. */
export interface Divider extends Rect {
  path: string
  split: SplitDirection
  share: number
}

export interface Placed {
  panes: readonly (Pane & { rect: Rect })[]
  dividers: readonly Divider[]
}

const WHOLE: Rect = { x: 0, y: 0, w: 1, h: 1 }

/** Where the panes are. A divider's rectangle is that of both its halves together. */
export function place(panes: Panes, rect: Rect = WHOLE, path = ''): Placed {
  if (isPane(panes)) return { panes: [{ ...panes, rect }], dividers: [] }
  const { split, share } = panes
  const [a, b] = halves(rect, split, share)
  const first = place(panes.first, a, `${path}1`)
  const second = place(panes.second, b, `${path}2`)
  return {
    panes: [...first.panes, ...second.panes],
    dividers: [{ ...rect, path, split, share }, ...first.dividers, ...second.dividers],
  }
}

function halves({ x, y, w, h }: Rect, split: SplitDirection, share: number): [Rect, Rect] {
  return split === 'right'
    ? [
        { x, y, w: w * share, h },
        { x: x + w * share, y, w: w * (1 - share), h },
      ]
    : [
        { x, y, w, h: h * share },
        { x, y: y + h * share, w, h: h * (1 - share) },
      ]
}

/** Move a divider. */
export function setShare(panes: Panes, path: string, share: number): Panes {
  if (isPane(panes)) return panes
  if (path === '') return { ...panes, share: Math.min(Math.max(share, LEAST_SHARE), 1 - LEAST_SHARE) }
  const rest = path.slice(1)
  return path.startsWith('1')
    ? { ...panes, first: setShare(panes.first, rest, share) }
    : { ...panes, second: setShare(panes.second, rest, share) }
}
