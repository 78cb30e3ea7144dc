/** Moving nodes: what snaps to what, and what an area carries along. Pure but for `MoveTool`, which remembers where a move began. */

import {
  around,
  type Box,
  type Guide,
  inside,
  meets,
  type Point,
  type Rulers,
  rulersOf,
  snap,
  snapToGrid,
} from '@/editor'
import { Value } from '@/ui'
import type { VisibleArea } from '../flow/port'
import type { BoardNode } from '../model/board'

/** How near an edge has to come, in pixels of the screen. */
const REACH_PX = 6

export interface Keys {
  /** Snap to the grid instead of neighbours. */
  grid: boolean
  /** Snap to nothing. */
  free: boolean
}

export interface Moved {
  places: Map<string, Point>
  guides: readonly Guide[]
}

interface Begun {
  nodes: ReadonlyMap<string, BoardNode>
  carried: ReadonlyMap<string, string>
  /** What there is to snap to, as long as the same is seen. */
  near: { sight: VisibleArea; rulers: Rulers } | null
}

/** How a move begins: `carried` are the nodes in the areas that are moved, each with its area. */
export function begin(nodes: readonly BoardNode[], moved: ReadonlySet<string>): Begun {
  const all = new Map(nodes.map((node) => [node.id, node]))
  const carried = new Map<string, string>()
  const free = nodes.filter((n) => n.kind !== 'bridge' && !n.locked && !moved.has(n.id))
  for (const id of moved) {
    const area = all.get(id)
    if (area?.kind !== 'area') continue
    for (const other of inside(
      area,
      free.map((n) => [n.id, n] as const),
    ))
      if (!carried.has(other)) carried.set(other, id)
  }
  return { nodes: all, carried, near: null }
}

const EVERYWHERE: Point = { x: 0, y: 0 }

/** Where a node's coordinates begin: a bridge's at the corner of its card. */
function originOf(node: BoardNode, nodes: ReadonlyMap<string, BoardNode>): Point {
  return (node.kind === 'bridge' ? nodes.get(node.parent) : undefined) ?? EVERYWHERE
}

/** The boxes that the moved ones may snap to: those beside them, that are seen and not moved themselves. */
function neighbours(begun: Begun, moved: ReadonlySet<string>, sight: VisibleArea): Box[] {
  const parents = new Set([...moved].map((id) => parentOf(begun.nodes.get(id))))
  if (parents.size !== 1) return []
  const [parent] = parents
  const out: Box[] = []
  for (const node of begun.nodes.values()) {
    if (moved.has(node.id) || begun.carried.has(node.id) || parentOf(node) !== parent) continue
    const origin = originOf(node, begun.nodes)
    const box = { x: node.x + origin.x, y: node.y + origin.y, w: node.w, h: node.h }
    if (meets(box, sight.seen)) out.push(box)
  }
  return out
}

function rulersIn(begun: Begun, moved: ReadonlySet<string>, sight: VisibleArea): Rulers {
  const { near } = begun
  const same = (a: Box, b: Box): boolean => a.x === b.x && a.y === b.y && a.w === b.w && a.h === b.h
  if (near && near.sight.zoom === sight.zoom && same(near.sight.seen, sight.seen)) return near.rulers
  const rulers = rulersOf(neighbours(begun, moved, sight))
  begun.near = { sight, rulers }
  return rulers
}

const parentOf = (node: BoardNode | undefined): string => (node?.kind === 'bridge' ? node.parent : '')

/** Where everything goes while the pointer has moved these nodes to `moved` (relative to their parents). */
export function step(begun: Begun, moved: ReadonlyMap<string, Point>, keys: Keys, sight: VisibleArea): Moved {
  const ids = new Set(moved.keys())
  const boxes: Box[] = []
  for (const [id, at] of moved) {
    const node = begun.nodes.get(id)
    if (!node) continue
    const origin = originOf(node, begun.nodes)
    boxes.push({ x: at.x + origin.x, y: at.y + origin.y, w: node.w, h: node.h })
  }
  const all = around(boxes)
  const snapped =
    all === null || keys.free
      ? { by: EVERYWHERE, guides: [] }
      : keys.grid
        ? snapToGrid(all)
        : snap(all, rulersIn(begun, ids, sight), REACH_PX / sight.zoom)
  const places = new Map<string, Point>()
  for (const [id, at] of moved) places.set(id, rounded({ x: at.x + snapped.by.x, y: at.y + snapped.by.y }))
  for (const [id, area] of begun.carried) {
    const [node, from, to] = [begun.nodes.get(id), begun.nodes.get(area), places.get(area)]
    if (node && from && to) places.set(id, rounded({ x: node.x + to.x - from.x, y: node.y + to.y - from.y }))
  }
  return { places, guides: snapped.guides }
}

const rounded = ({ x, y }: Point): Point => ({ x: Math.round(x), y: Math.round(y) })

type State =
  | { is: 'idle' }
  | { is: 'moving'; begun: Begun; places: ReadonlyMap<string, Point> }
  /** Escape was pressed; the pointer is still down. */
  | { is: 'given up' }

/** idle → moving → idle; Escape: moving → given up → idle. */
export class MoveTool {
  readonly guides = new Value<readonly Guide[]>([])
  private state: State = { is: 'idle' }

  /** Whether nodes are under the pointer. */
  get busy(): boolean {
    return this.state.is !== 'idle'
  }

  /** The pointer moved nodes. Returns where they are to be drawn; null where nothing is moved any more. */
  move(
    nodes: readonly BoardNode[],
    moved: ReadonlyMap<string, Point>,
    keys: Keys,
    sight: VisibleArea,
  ): Map<string, Point> | null {
    if (this.state.is === 'given up') return null
    const begun = this.state.is === 'moving' ? this.state.begun : begin(nodes, new Set(moved.keys()))
    const { places, guides } = step(begun, moved, keys, sight)
    this.state = { is: 'moving', begun, places }
    if (guides.length + this.guides.get().length > 0) this.guides.set(guides)
    return places
  }

  /** Let go at `dragged`. Returns where everything is dropped; null where the move was given up. */
  drop(dragged: ReadonlyMap<string, Point>): ReadonlyMap<string, Point> | null {
    const last = this.state
    this.state = { is: 'idle' }
    this.guides.set([])
    if (last.is === 'given up') return null
    return last.is === 'moving' ? last.places : dragged
  }

  /** Returns the nodes to draw where they were; none where nothing is moved. */
  giveUp(): readonly string[] {
    if (this.state.is !== 'moving') return []
    const ids = [...this.state.places.keys()]
    this.state = { is: 'given up' }
    this.guides.set([])
    return ids
  }
}
