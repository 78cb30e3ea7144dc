/** The nodes and lines to draw, from the scene, the placements and what is being dragged. Entries that did not change stay the same objects. */

import { type AnyRecord, type Area, interfaceId, type Note, namespaceId, placementId, styleId } from '@/protocol'
import type { LabStore, RecordMap, Scene, SceneNamespace } from '@/store'
import { type Anchors, anchorsOf, type Point } from './anchors'
import { type Box, type BridgeBox, type CardBox, cardBox, sparePlaces } from './geometry'

/** `id` is the node's name in placements: `ns0`, `host/br0`; of an area or a note its record id. A bridge's place is relative to its
 * namespace's card. `locked`: it is not moved. */
export type BoardNode = {
  id: string
  x: number
  y: number
  w: number
  h: number
  selected: boolean
  moving: boolean
  locked: boolean
} & (
  | { kind: 'namespace'; card: CardBox }
  | { kind: 'bridge'; parent: string; box: BridgeBox }
  | { kind: 'area'; area: Area }
  | { kind: 'note'; note: Note }
)

/** What is drawn with links; areas and notes only lie behind. */
export type LinkedNode = Extract<BoardNode, { kind: 'namespace' | 'bridge' }>
export type ShapeNode = Exclude<BoardNode, LinkedNode>

export interface BoardLine {
  id: string
  a: string
  b: string
  kind: 'pair' | 'parent'
  from: Anchors
  to: Anchors
  selected: boolean
}

export interface Board {
  nodes: readonly BoardNode[]
  lines: readonly BoardLine[]
}

/** The record id of a node. */
export const recordIdOf = (node: Pick<BoardNode, 'id' | 'kind'>): string =>
  node.kind === 'namespace' ? namespaceId(node.id) : node.kind === 'bridge' ? interfaceId(node.id) : node.id

/** Places (and sizes) that were changed here and that the server has not confirmed yet. `moving`: under the pointer just now. */
export type Override = Point & { moving: boolean; w?: number; h?: number }
export type Overrides = ReadonlyMap<string, Override>

export const NO_OVERRIDES: Overrides = new Map()

interface Cards {
  scene: SceneNamespace
  places: string
  card: CardBox
  anchors: ReadonlyMap<string, Anchors>
}

/** Builds boards one after the other and keeps what did not change. */
export class BoardBuilder {
  private cards = new Map<string, Cards>()
  private last: { from: readonly unknown[]; overrides: Overrides; board: Board } | null = null
  private nodes = new Map<string, BoardNode>()
  private lines = new Map<string, BoardLine>()
  private drawn: { count: number; shapes: readonly (Area | Note)[] } = { count: -1, shapes: [] }

  build(lab: LabStore, selection: ReadonlySet<string>, overrides: Overrides): Board {
    const from = [lab, lab.scene.get(), lab.places.get(), selection]
    const same = this.last !== null && from.every((part, i) => part === this.last?.from[i])
    const moved = same && this.last ? onlyMoving(this.last.overrides, overrides) : null
    const board = moved && this.last ? this.move(this.last.board, moved) : this.whole(lab, selection, overrides)
    this.last = { from, overrides, board }
    return board
  }

  /** While nodes are under the pointer only they change: a whole look at a large lab would take longer than a frame. */
  private move(board: Board, moved: Overrides): Board {
    const nodes = board.nodes.map((node) => {
      const at = moved.get(node.id)
      if (!at) return node
      const shift = node.kind === 'bridge' ? this.cards.get(node.parent)?.card.shift : 0
      const now = { ...node, x: at.x, y: at.y + (shift ?? 0), w: at.w ?? node.w, h: at.h ?? node.h }
      this.nodes.set(node.id, now)
      return now
    })
    return { nodes, lines: board.lines }
  }

  private whole(lab: LabStore, selection: ReadonlySet<string>, overrides: Overrides): Board {
    const scene = lab.scene.get()
    const cards = new Map<string, Cards>()
    const nodes = new Map<string, BoardNode>()
    const spare = sparePlaces(placesOf(scene, lab))
    for (const namespace of scene.namespaces.values()) {
      const found = this.card(namespace, lab, overrides)
      cards.set(namespace.name, found)
      for (const node of nodesOf(namespace, found.card, lab, overrides, spare)) {
        nodes.set(node.id, keepNode(this.nodes.get(node.id), { ...node, selected: selection.has(recordIdOf(node)) }))
      }
    }
    for (const shape of this.shapes(lab)) {
      const node = shapeNode(shape, overrides)
      nodes.set(node.id, keepNode(this.nodes.get(node.id), { ...node, selected: selection.has(node.id) }))
    }
    this.cards = cards
    this.nodes = nodes
    this.lines = this.buildLines(scene, selection)
    return { nodes: [...nodes.values()], lines: [...this.lines.values()] }
  }

  /** The areas and notes; looked for again only when what is drawn has changed. */
  private shapes(lab: LabStore): readonly (Area | Note)[] {
    const count = lab.places.get()
    if (this.drawn.count !== count) {
      const shapes = [...lab.desired.values()].filter((r) => r.kind === 'area' || r.kind === 'note')
      this.drawn = { count, shapes }
    }
    return this.drawn.shapes
  }

  private card(scene: SceneNamespace, lab: LabStore, overrides: Overrides): Cards {
    const place = (node: string): Point | undefined => {
      const moved = overrides.get(node)
      return moved && !moved.moving ? moved : placed(lab, node)
    }
    const places = scene.bridges.map(({ ref }) => `${place(ref)?.x},${place(ref)?.y}`).join(' ')
    const last = this.cards.get(scene.name)
    if (last && last.scene === scene && last.places === places) return last
    const card = cardBox(scene, place)
    return { scene, places, card, anchors: anchorsOf(scene.name, card) }
  }

  private buildLines(scene: Scene, selection: ReadonlySet<string>): Map<string, BoardLine> {
    const out = new Map<string, BoardLine>()
    for (const { id, a, b, kind } of scene.links.values()) {
      const [from, to] = [this.anchors(a), this.anchors(b)]
      if (!from || !to) continue
      const selected = selection.has(interfaceId(a)) && (kind === 'parent' || selection.has(interfaceId(b)))
      const last = this.lines.get(id)
      const same = last && last.from === from && last.to === to && last.selected === selected
      out.set(id, same ? last : { id, a, b, kind, from, to, selected })
    }
    return out
  }

  private anchors(ref: string): Anchors | undefined {
    return this.cards.get(ref.slice(0, ref.indexOf('/')))?.anchors.get(ref)
  }
}

/** The overrides that are others now, where nothing but places under the pointer changed; else null. */
function onlyMoving(before: Overrides, now: Overrides): Overrides | null {
  if (before.size !== now.size) return null
  const out = new Map<string, Override>()
  for (const [node, at] of now) {
    const was = before.get(node)
    if (was === at) continue
    if (!was?.moving || !at.moving) return null
    out.set(node, at)
  }
  return out
}

/** Where the namespaces stand that somebody has placed. */
function placesOf(scene: Scene, lab: LabStore): Point[] {
  return [...scene.namespaces.keys()].flatMap((name) => placed(lab, name) ?? [])
}

/** What a staged edit would remove stays where it stands. */
function placed({ desired, overlay }: LabStore, node: string): Point | undefined {
  const id = placementId(node)
  const record = desired.get(id) ?? overlay.beneath(id)
  return record?.kind === 'placement' ? record : undefined
}

const isLocked = (desired: RecordMap<AnyRecord>, node: string): boolean => {
  const style = desired.get(styleId(node))
  return style?.kind === 'style' && style.locked === true
}

function shapeNode(shape: Area | Note, overrides: Overrides): Unselected<BoardNode> {
  const id = `${shape.kind}:${shape.name}`
  const { x, y, moving, w = shape.w, h = shape.h }: Override = overrides.get(id) ?? { ...shape, moving: false }
  const node = { id, x, y, w, h, moving, locked: shape.locked ?? false }
  return shape.kind === 'area' ? { ...node, kind: 'area', area: shape } : { ...node, kind: 'note', note: shape }
}

type Unselected<T> = T extends unknown ? Omit<T, 'selected'> : never

function* nodesOf(
  namespace: SceneNamespace,
  card: CardBox,
  lab: LabStore,
  overrides: Overrides,
  spare: () => Point,
): Iterable<Unselected<BoardNode>> {
  const { name } = namespace
  const moved = overrides.get(name)
  const { x, y } = moved ?? placed(lab, name) ?? spare()
  const locked = isLocked(lab.desired, name)
  yield { kind: 'namespace', id: name, x, y, w: card.w, h: card.h, card, moving: moved?.moving ?? false, locked }
  for (const box of card.bridges) {
    const drag = overrides.get(box.ref)
    const at = drag?.moving ? { x: drag.x, y: drag.y + card.shift } : box
    yield {
      kind: 'bridge',
      id: box.ref,
      parent: name,
      x: at.x,
      y: at.y,
      w: box.w,
      h: box.h,
      box,
      moving: drag?.moving ?? false,
      locked: isLocked(lab.desired, box.ref),
    }
  }
}

function keepNode(last: BoardNode | undefined, now: BoardNode): BoardNode {
  if (!last || last.x !== now.x || last.y !== now.y || last.w !== now.w || last.h !== now.h) return now
  if (last.selected !== now.selected || last.moving !== now.moving || last.locked !== now.locked) return now
  if (last.kind === 'namespace' && now.kind === 'namespace') return last.card === now.card ? last : now
  if (last.kind === 'bridge' && now.kind === 'bridge') return last.box === now.box ? last : now
  if (last.kind === 'area' && now.kind === 'area') return last.area === now.area ? last : now
  if (last.kind === 'note' && now.kind === 'note') return last.note === now.note ? last : now
  return now
}

/** Where every node stands on the canvas itself; a bridge's own coordinates begin at its card. */
export function boxesOf(nodes: readonly BoardNode[]): Map<string, Box> {
  const out = new Map<string, Box>()
  for (const node of nodes) {
    const origin = (node.kind === 'bridge' ? out.get(node.parent) : undefined) ?? { x: 0, y: 0 }
    out.set(node.id, { x: origin.x + node.x, y: origin.y + node.y, w: node.w, h: node.h })
  }
  return out
}
