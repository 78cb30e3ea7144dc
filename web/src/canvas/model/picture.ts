/** The scene as it is drawn in one piece: boxes and curves in canvas units. Shapes of what did not change stay the same objects. Pure. */

import { grown, within } from '@/editor'
import { bestPair, type Point } from './anchors'
import type { Board, BoardLine, BoardNode, LinkedNode, ShapeNode } from './board'
import { BoxIndex, meets } from './boxes'
import { along, type Curve, curveOf } from './curve'
import type { Box } from './geometry'
import { labelOf } from './shapeLabels'

/** A node at its place on the canvas, whatever it stands in. */
export interface NodeShape extends Box {
  id: string
  of: LinkedNode
  parent: NodeShape | null
}

/** A curve in the box of its four points. */
export interface LineShape extends Box, Curve {
  line: BoardLine
  from: NodeShape
  to: NodeShape
}

/** Moves nodes while they are dragged, before the change is sent. */
export interface Shift {
  nodes: ReadonlySet<string>
  dx: number
  dy: number
}

export class Picture {
  nodes: readonly NodeShape[] = []
  /** Areas and notes, the lowest first. */
  shapes: readonly ShapeNode[] = []
  lines: readonly LineShape[] = []
  private byId = new Map<string, NodeShape>()
  private byLine = new Map<string, LineShape>()
  private board: Board | null = null
  private nodeIndex: BoxIndex<NodeShape> | null = null
  private lineIndex: BoxIndex<LineShape> | null = null

  /** Take over a board; false where it is the one that is drawn. */
  update(board: Board): boolean {
    if (this.board === board) return false
    this.board = board
    const nodes = new Map<string, NodeShape>()
    // Namespaces come before the bridges inside them.
    const shapes: ShapeNode[] = []
    for (const of of board.nodes) {
      if (of.kind === 'area' || of.kind === 'note') {
        shapes.push(of)
        continue
      }
      const parent = of.kind === 'bridge' ? (nodes.get(of.parent) ?? null) : null
      const last = this.byId.get(of.id)
      nodes.set(of.id, last && last.of === of && last.parent === parent ? last : nodeShape(of, parent))
    }
    this.byId = nodes
    this.nodes = [...nodes.values()]
    this.shapes = shapes
    const lines = new Map<string, LineShape>()
    for (const line of board.lines) {
      const shape = this.lineShape(line)
      if (shape) lines.set(line.id, shape)
    }
    this.byLine = lines
    this.lines = [...lines.values()]
    this.nodeIndex = this.lineIndex = null
    return true
  }

  node(id: string): NodeShape | undefined {
    return this.byId.get(id)
  }

  /** A node, an area or a note as it stands on the board. */
  on(id: string): BoardNode | undefined {
    return this.byId.get(id)?.of ?? this.shapes.find((of) => of.id === id)
  }

  /** Where it stands on the canvas itself. */
  boxOf(id: string): Box | undefined {
    return this.byId.get(id) ?? this.on(id)
  }

  /** All that is selected and can be moved; a bridge moves with its namespace. */
  selected(): BoardNode[] {
    const nodes = this.nodes.filter((n) => !n.parent?.of.selected).map((n) => n.of)
    return [...nodes, ...this.shapes].filter((of) => of.selected && !of.locked)
  }

  /** The node under a point, the innermost: a bridge rather than the namespace around it. */
  nodeAt({ x, y }: Point): NodeShape | undefined {
    this.nodeIndex ??= new BoxIndex(this.nodes)
    return this.nodeIndex.at(x, y)[0]
  }

  /** The note, or the area whose label is, under a point: they lie upon all. */
  aboveAt(at: Point, zoom: number): ShapeNode | undefined {
    return this.shapes.findLast((of) => {
      const box = of.kind === 'area' ? labelOf(of, zoom) : of
      return box !== null && holds(box, at)
    })
  }

  /** The area whose border is within `reach` of a point: what lies in an area stays in reach. */
  areaAt(at: Point, reach: number): ShapeNode | undefined {
    return this.shapes.findLast(
      (of) => of.kind === 'area' && holds(grown(of, reach), at) && !holds(grown(of, -reach), at),
    )
  }

  /** What lies wholly in there, by id. */
  within(area: Box): string[] {
    return [...this.nodesIn(area), ...this.shapes].filter((box) => within(box, area)).map((of) => of.id)
  }

  private nodesIn(area: Box): NodeShape[] {
    this.nodeIndex ??= new BoxIndex(this.nodes)
    return this.nodeIndex.in(area)
  }

  /** The line that passes within `reach` of a point. */
  lineAt({ x, y }: Point, reach: number): LineShape | undefined {
    this.lineIndex ??= new BoxIndex(this.lines)
    let best: LineShape | undefined
    let least = reach
    for (const shape of this.lineIndex.at(x, y, reach)) {
      const away = distance(shape, x, y)
      if (away <= least) [best, least] = [shape, away]
    }
    return best
  }

  private lineShape(line: BoardLine): LineShape | undefined {
    const [from, to] = [this.byId.get(line.from.node), this.byId.get(line.to.node)]
    if (!from || !to) return undefined
    const last = this.byLine.get(line.id)
    if (last && last.line === line && last.from === from && last.to === to) return last
    return lineBetween(line, from, to)
  }
}

function nodeShape(of: LinkedNode, parent: NodeShape | null): NodeShape {
  return { id: of.id, of, parent, x: of.x + (parent?.x ?? 0), y: of.y + (parent?.y ?? 0), w: of.w, h: of.h }
}

const NOT_MOVED: Point = { x: 0, y: 0 }

function lineBetween(
  line: BoardLine,
  from: NodeShape,
  to: NodeShape,
  s: Point = NOT_MOVED,
  t = s,
): LineShape | undefined {
  const places = [
    { x: from.x + s.x, y: from.y + s.y },
    { x: to.x + t.x, y: to.y + t.y },
  ] as const
  const ends = bestPair(line.from.options, line.to.options, ...places)
  if (!ends) return undefined
  const curve = curveOf(...ends)
  return { line, from, to, ...curve, ...around(curve) }
}

/** The box of the four points of a curve, in which it lies. */
function around({ a, b, c, d }: Curve): Box {
  const [x, y] = [Math.min(a.x, b.x, c.x, d.x), Math.min(a.y, b.y, c.y, d.y)]
  const [right, bottom] = [Math.max(a.x, b.x, c.x, d.x), Math.max(a.y, b.y, c.y, d.y)]
  return { x, y, w: right - x, h: bottom - y }
}

/** How far a node is moved by a drag: with what it stands in. */
export function shiftOf(node: { id: string; parent?: NodeShape | null }, shift: Shift | null): Point {
  if (!shift) return NOT_MOVED
  const moves = shift.nodes.has(node.id) || (node.parent ? shift.nodes.has(node.parent.id) : false)
  return moves ? { x: shift.dx, y: shift.dy } : NOT_MOVED
}

/** The line as it runs while its ends are dragged. */
export function shifted(shape: LineShape, shift: Shift | null): LineShape {
  const [s, t] = [shiftOf(shape.from, shift), shiftOf(shape.to, shift)]
  if (s === NOT_MOVED && t === NOT_MOVED) return shape
  return lineBetween(shape.line, shape.from, shape.to, s, t) ?? shape
}

const holds = (box: Box, { x, y }: Point): boolean =>
  x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h

const STEPS = 16

/** From a point to the curve, by its chords. */
export function distance(shape: LineShape, x: number, y: number): number {
  let least = Infinity
  let from: Point = shape.a
  for (let i = 1; i <= STEPS; i += 1) {
    const to = along(shape, i / STEPS)
    least = Math.min(least, toChord(from, to, x, y))
    from = to
  }
  return least
}

function toChord(p: Point, q: Point, x: number, y: number): number {
  const [dx, dy] = [q.x - p.x, q.y - p.y]
  const length = dx * dx + dy * dy
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - p.x) * dx + (y - p.y) * dy) / length))
  return Math.hypot(x - p.x - t * dx, y - p.y - t * dy)
}

export { meets }
