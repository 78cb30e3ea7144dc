/** The nodes and lines to draw, from the scene, the placements and what is being dragged. Entries that did not change stay the same objects. */

import { type AnyRecord, interfaceId, namespaceId, placementId } from '@/protocol'
import type { LabStore, RecordMap, Scene, SceneNamespace } from '@/store'
import { type Anchors, anchorsOf, type Point } from './anchors'
import { type BridgeBox, type CardBox, cardBox, sparePlaces } from './geometry'

/** `id` is the node's name in placements: `ns0`, `host/br0`. A bridge's place is relative to its namespace's card. */
export type BoardNode = {
  id: string
  x: number
  y: number
  w: number
  h: number
  selected: boolean
  moving: boolean
} & ({ kind: 'namespace'; card: CardBox } | { kind: 'bridge'; parent: string; box: BridgeBox })

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

/** Places that were moved here and that the server has not confirmed yet. `moving`: under the pointer just now. */
export type Overrides = ReadonlyMap<string, Point & { moving: boolean }>

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
      const now = { ...node, x: at.x, y: at.y + (shift ?? 0) }
      this.nodes.set(node.id, now)
      return now
    })
    return { nodes, lines: board.lines }
  }

  private whole(lab: LabStore, selection: ReadonlySet<string>, overrides: Overrides): Board {
    const scene = lab.scene.get()
    const cards = new Map<string, Cards>()
    const nodes = new Map<string, BoardNode>()
    const spare = sparePlaces(placesOf(scene, lab.desired))
    for (const namespace of scene.namespaces.values()) {
      const found = this.card(namespace, lab.desired, overrides)
      cards.set(namespace.name, found)
      for (const node of nodesOf(namespace, found.card, lab.desired, overrides, spare)) {
        const selected = selection.has(node.kind === 'namespace' ? namespaceId(node.id) : interfaceId(node.id))
        nodes.set(node.id, keepNode(this.nodes.get(node.id), { ...node, selected }))
      }
    }
    this.cards = cards
    this.nodes = nodes
    this.lines = this.buildLines(scene, selection)
    return { nodes: [...nodes.values()], lines: [...this.lines.values()] }
  }

  private card(scene: SceneNamespace, desired: RecordMap<AnyRecord>, overrides: Overrides): Cards {
    const place = (node: string): Point | undefined => {
      const moved = overrides.get(node)
      return moved && !moved.moving ? moved : placed(desired, node)
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
  const out = new Map<string, Point & { moving: boolean }>()
  for (const [node, at] of now) {
    const was = before.get(node)
    if (was === at) continue
    if (!was?.moving || !at.moving) return null
    out.set(node, at)
  }
  return out
}

/** Where the namespaces stand that somebody has placed. */
function placesOf(scene: Scene, desired: RecordMap<AnyRecord>): Point[] {
  return [...scene.namespaces.keys()].flatMap((name) => placed(desired, name) ?? [])
}

function placed(desired: RecordMap<AnyRecord>, node: string): Point | undefined {
  const record = desired.get(placementId(node))
  return record?.kind === 'placement' ? record : undefined
}

type Unselected<T> = T extends unknown ? Omit<T, 'selected'> : never

function* nodesOf(
  namespace: SceneNamespace,
  card: CardBox,
  desired: RecordMap<AnyRecord>,
  overrides: Overrides,
  spare: () => Point,
): Iterable<Unselected<BoardNode>> {
  const { name } = namespace
  const moved = overrides.get(name)
  const { x, y } = moved ?? placed(desired, name) ?? spare()
  yield { kind: 'namespace', id: name, x, y, w: card.w, h: card.h, card, moving: moved?.moving ?? false }
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
    }
  }
}

function keepNode(last: BoardNode | undefined, now: BoardNode): BoardNode {
  if (!last || last.x !== now.x || last.y !== now.y || last.selected !== now.selected || last.moving !== now.moving)
    return now
  if (last.kind === 'namespace' && now.kind === 'namespace') return last.card === now.card ? last : now
  if (last.kind === 'bridge' && now.kind === 'bridge') return last.box === now.box ? last : now
  return now
}
