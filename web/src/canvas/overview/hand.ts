/** The pointer in the overview: click selects, drag moves, Shift draws a marquee, a double click opens.
 *
 * What begins on nothing is left to the canvas below, which pans. The machine: idle → pressed → dragging or marquee → idle. */

import type { Point } from '../anchors'
import type { Box } from '../geometry'
import type { FlowEvents, Picked } from '../port'
import type { NodeShape, Picture, Shift } from './picture'

/** Pixels. */
const THRESHOLD = 4
const LINE_REACH = 6
/** Canvas units. */
const GRID = 10

export interface Ground {
  picture: Picture
  /** A point of the window, in canvas units. */
  toCanvas(at: Point): Point
  zoom(): number
  /** Something is to be drawn otherwise. */
  redraw(): void
  events(): FlowEvents
}

type State =
  | { is: 'idle' }
  | { is: 'pressed'; at: Point; node: NodeShape | undefined; picked: Picked | undefined }
  | { is: 'dragging'; from: Point; shift: Shift }
  | { is: 'marquee'; from: Point; area: Box }

type Press = Pick<PointerEvent, 'clientX' | 'clientY' | 'shiftKey'>

export class Hand {
  private state: State = { is: 'idle' }
  private readonly ground: Ground

  constructor(ground: Ground) {
    this.ground = ground
  }

  get shift(): Shift | null {
    return this.state.is === 'dragging' ? this.state.shift : null
  }

  get marquee(): Box | null {
    return this.state.is === 'marquee' ? this.state.area : null
  }

  get busy(): boolean {
    return this.state.is !== 'idle'
  }

  /** What lies there, in window pixels. */
  pick(at: Point): { node?: NodeShape; picked?: Picked } {
    const { picture } = this.ground
    const place = this.ground.toCanvas(at)
    const node = picture.nodeAt(place)
    if (node) return { node, picked: { node: node.id } }
    const line = picture.lineAt(place, LINE_REACH / this.ground.zoom())
    if (line) return { picked: { line: line.line } }
    const shape = picture.shapeAt(place)
    return shape ? { picked: { node: shape.id } } : {}
  }

  /** True where the press is ours. */
  down(event: Press): boolean {
    const at = { x: event.clientX, y: event.clientY }
    const { node, picked } = this.pick(at)
    if (!picked && !event.shiftKey) return false
    this.state = { is: 'pressed', at, node, picked }
    return true
  }

  /** True while something of ours goes on. */
  move(event: Press): boolean {
    const at = { x: event.clientX, y: event.clientY }
    const { state } = this
    if (state.is === 'idle') return false
    if (state.is === 'pressed' && Math.hypot(at.x - state.at.x, at.y - state.at.y) >= THRESHOLD) this.begin(state)
    this.follow(this.ground.toCanvas(at))
    this.ground.redraw()
    return true
  }

  up(event: Press): boolean {
    const { state } = this
    this.state = { is: 'idle' }
    if (state.is === 'idle') return false
    if (state.is === 'pressed') this.click(state.picked, event.shiftKey)
    if (state.is === 'dragging') this.drop(state.shift, { x: event.clientX, y: event.clientY })
    if (state.is === 'marquee') this.take(state.area)
    this.ground.redraw()
    return true
  }

  /** Let go without doing anything. */
  cancel(): boolean {
    const { state } = this
    this.state = { is: 'idle' }
    this.ground.redraw()
    return state.is !== 'idle'
  }

  private begin({ at, node }: Extract<State, { is: 'pressed' }>): void {
    const from = this.ground.toCanvas(at)
    if (node) this.state = { is: 'dragging', from, shift: { nodes: this.moved(node), dx: 0, dy: 0 } }
    else this.state = { is: 'marquee', from, area: { ...from, w: 0, h: 0 } }
  }

  private follow(to: Point): void {
    const { state } = this
    if (state.is === 'dragging') {
      const snap = (d: number): number => Math.round(d / GRID) * GRID
      const shift = { ...state.shift, dx: snap(to.x - state.from.x), dy: snap(to.y - state.from.y) }
      this.state = { ...state, shift }
    }
    if (state.is === 'marquee') {
      const { from } = state
      const area = {
        x: Math.min(from.x, to.x),
        y: Math.min(from.y, to.y),
        w: Math.abs(to.x - from.x),
        h: Math.abs(to.y - from.y),
      }
      this.state = { ...state, area }
    }
  }

  /** The node, or all that is selected if it is part of that; nothing twice: a bridge moves with its namespace. */
  private moved(node: NodeShape): Set<string> {
    if (!node.of.selected) return new Set([node.id])
    const selected = this.ground.picture.nodes.filter((n) => n.of.selected)
    return new Set(selected.filter((n) => !n.parent?.of.selected).map((n) => n.id))
  }

  private click(picked: Picked | undefined, add: boolean): void {
    const { onSelect, onClear } = this.ground.events()
    if (!picked) {
      if (!add) onClear()
      return
    }
    const was = 'node' in picked ? this.ground.picture.selected(picked.node) : picked.line.selected
    if (add && was) onSelect({ on: [], off: [picked], add })
    else onSelect({ on: [picked], off: [], add })
  }

  private drop({ nodes, dx, dy }: Shift, at: Point): void {
    if (dx === 0 && dy === 0) return
    const places = [...nodes].flatMap((id): [string, Point][] => {
      const of = this.ground.picture.node(id)?.of
      return of ? [[id, { x: of.x + dx, y: of.y + dy }]] : []
    })
    this.ground.events().onDrop(new Map(places), at)
  }

  /** A marquee takes the namespaces that it meets, and bridges where it lies inside of one. */
  private take(area: Box): void {
    const met = this.ground.picture.nodesIn(area)
    const whole = met.filter((n) => n.parent === null)
    const nodes = whole.some((n) => n.x > area.x || n.y > area.y) ? whole : met.filter((n) => n.parent !== null)
    this.ground.events().onSelect({ on: nodes.map((n) => ({ node: n.id })), off: [], add: true })
  }
}
