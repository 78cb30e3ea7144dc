/** The pointer in the overview: a click selects, a drag moves, with Shift or the tool for it it draws a marquee.
 *
 * What begins on nothing, or on what cannot be moved, is left to the canvas below, which pans. The machine: idle → pressed → moving or
 * marquee → idle. */

import type { FlowEvents, Picked } from '../flow/port'
import type { Point } from '../model/anchors'
import type { Box } from '../model/geometry'
import type { Picture, Shift } from '../model/picture'

/** Pixels. */
const THRESHOLD = 4
const REACH = 6

export interface PointerContext {
  picture: Picture
  /** A point of the window, in canvas units. */
  toCanvas(at: Point): Point
  zoom(): number
  /** The tool that is chosen; while a link is drawn every press belongs to that. */
  tool(): 'pan' | 'select' | 'link'
  /** No node is moved. */
  fixed(): boolean
  /** Something is to be drawn otherwise. */
  redraw(): void
  events(): FlowEvents
}

/** What a press becomes when the pointer moves. */
type Then = 'move' | 'marquee' | 'pan'

type State =
  | { is: 'idle' }
  | { is: 'pressed'; at: Point; picked: Picked | undefined; then: Then }
  /** `nodes`: their places at the start. */
  | { is: 'moving'; from: Point; nodes: ReadonlyMap<string, Point>; shift: Shift | null }
  | { is: 'marquee'; from: Point; area: Box }

type Press = Pick<PointerEvent, 'clientX' | 'clientY' | 'shiftKey'>

export class OverviewPointer {
  private state: State = { is: 'idle' }
  private readonly ground: PointerContext

  constructor(ground: PointerContext) {
    this.ground = ground
  }

  get shift(): Shift | null {
    return this.state.is === 'moving' ? this.state.shift : null
  }

  get marquee(): Box | null {
    return this.state.is === 'marquee' ? this.state.area : null
  }

  get busy(): boolean {
    return this.state.is !== 'idle'
  }

  /** The node or line at a point, in window pixels. */
  pick(at: Point): Picked | undefined {
    const { picture } = this.ground
    const [place, zoom] = [this.ground.toCanvas(at), this.ground.zoom()]
    const node = picture.aboveAt(place, zoom) ?? picture.nodeAt(place) ?? picture.areaAt(place, REACH / zoom)
    if (node) return { node: node.id }
    const line = picture.lineAt(place, REACH / zoom)
    return line && { line: line.line }
  }

  /** What a press at that point would do. */
  could(at: Point): 'move' | 'press' | undefined {
    const picked = this.pick(at)
    return picked && (this.movable(picked) ? 'move' : 'press')
  }

  /** Returns true if React Flow must not get the event. */
  down(event: Press): boolean {
    const tool = this.ground.tool()
    if (tool === 'link') return false
    const at = { x: event.clientX, y: event.clientY }
    const picked = this.pick(at)
    const draws = event.shiftKey || tool === 'select'
    if (!picked && !draws) return false
    const then = picked && this.movable(picked) && !event.shiftKey ? 'move' : draws ? 'marquee' : 'pan'
    this.state = { is: 'pressed', at, picked, then }
    return then !== 'pan'
  }

  /** Returns true while a gesture is under way. */
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
    if (state.is === 'moving') this.drop(state, { x: event.clientX, y: event.clientY })
    if (state.is === 'marquee') this.take(state.area, event.shiftKey)
    this.ground.redraw()
    return true
  }

  /** Cancels the gesture. Returns whether there was one. */
  cancel(): boolean {
    const { state } = this
    this.state = { is: 'idle' }
    if (state.is === 'moving') this.ground.events().onGiveUp()
    this.ground.redraw()
    return state.is !== 'idle'
  }

  private movable(picked: Picked): boolean {
    return 'node' in picked && !this.ground.fixed() && this.ground.picture.on(picked.node)?.locked === false
  }

  private begin({ at, picked, then }: Extract<State, { is: 'pressed' }>): void {
    const from = this.ground.toCanvas(at)
    if (then === 'move' && picked && 'node' in picked)
      this.state = { is: 'moving', from, nodes: this.moved(picked.node), shift: null }
    else this.state = then === 'marquee' ? { is: 'marquee', from, area: { ...from, w: 0, h: 0 } } : { is: 'idle' }
  }

  private follow(to: Point): void {
    const { state } = this
    if (state.is === 'moving') this.state = { ...state, shift: this.shiftTo(state.nodes, state.from, to) }
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

  /** With what an area carries, and snapped. */
  private shiftTo(nodes: ReadonlyMap<string, Point>, from: Point, to: Point): Shift | null {
    const [dx, dy] = [to.x - from.x, to.y - from.y]
    const wanted = new Map([...nodes].map(([id, at]) => [id, { x: at.x + dx, y: at.y + dy }]))
    const places = this.ground.events().onAim(wanted)
    const [first] = nodes
    const now = first && places?.get(first[0])
    return now ? { nodes: new Set(places?.keys()), dx: now.x - first[1].x, dy: now.y - first[1].y } : null
  }

  /** The node, or the whole selection if it is part of it. */
  private moved(id: string): Map<string, Point> {
    const { picture } = this.ground
    const one = picture.on(id)
    const all = one?.selected ? picture.selected() : one ? [one] : []
    return new Map(all.map((of) => [of.id, { x: of.x, y: of.y }]))
  }

  private click(picked: Picked | undefined, add: boolean): void {
    const { onSelect, onClear } = this.ground.events()
    if (!picked) {
      if (!add) onClear()
      return
    }
    const was = 'node' in picked ? this.ground.picture.on(picked.node)?.selected : picked.line.selected
    if (add && was) onSelect({ on: [], off: [picked], add })
    else onSelect({ on: [picked], off: [], add })
  }

  private drop({ nodes, shift }: Extract<State, { is: 'moving' }>, at: Point): void {
    const { onDrop, onGiveUp } = this.ground.events()
    if (shift && (shift.dx !== 0 || shift.dy !== 0))
      onDrop(new Map([...nodes].map(([id, { x, y }]) => [id, { x: x + shift.dx, y: y + shift.dy }])), at)
    else onGiveUp()
  }

  /** A marquee selects what is completely inside it, as with the cards. */
  private take(area: Box, add: boolean): void {
    const { onSelect, onClear } = this.ground.events()
    const on = this.ground.picture.within(area).map((node) => ({ node }))
    if (on.length > 0) onSelect({ on, off: [], add })
    else if (!add) onClear()
  }
}
