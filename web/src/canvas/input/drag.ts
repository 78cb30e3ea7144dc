/** Dragging something that is not a node of the canvas: an interface's end, a new link, a thing from the palette.
 *
 * The machine: idle → pressed (nothing is seen yet) → dragging (a ghost, targets light up) → idle. Escape lets go without doing anything. */

import { isShape, type Kind } from '@/protocol'
import { Value } from '@/ui'
import type { Picked } from '../flow/port'
import type { Point } from '../model/anchors'

/** What the palette has: a namespace, a link, or the kind of interface. */
export type Tool = 'namespace' | 'link' | Kind

export type Load = { kind: 'end'; ref: string } | { kind: 'link'; from: string } | { kind: 'tool'; tool: Tool }

/** `start` and `at` in pixels of the window; `over` is the node under the pointer. */
export interface Drag {
  load: Load
  start: Point
  at: Point
  over: string | null
}

export type Drop = (drag: Drag) => void

const THRESHOLD_PX = 5

export class Drags {
  /** null while nothing is dragged. */
  readonly now = new Value<Drag | null>(null)
  /** The end of a drag is followed by a click on the element it began on: that one is no click. */
  private justDragged = false

  /** Call on pointerdown. `drop` is called where the pointer is let go, if it has moved at all. */
  begin(event: { clientX: number; clientY: number; button: number; pointerId: number }, load: Load, drop: Drop): void {
    if (event.button !== 0) return
    const start = { x: event.clientX, y: event.clientY }
    const { pointerId } = event
    const move = (e: PointerEvent): void => {
      if (e.pointerId !== pointerId) return
      const at = { x: e.clientX, y: e.clientY }
      if (!this.now.get() && Math.hypot(at.x - start.x, at.y - start.y) < THRESHOLD_PX) return
      this.now.set({ load, start, at, over: nodeAt(at) })
    }
    const end = (): void => {
      window.removeEventListener('pointermove', move)
      window.removeEventListener('pointerup', up)
      window.removeEventListener('pointercancel', end)
      window.removeEventListener('keydown', key, true)
      this.now.set(null)
    }
    const up = (e: PointerEvent): void => {
      if (e.pointerId !== pointerId) return
      const drag = this.now.get()
      end()
      if (!drag) return
      this.justDragged = true
      setTimeout(() => {
        this.justDragged = false
      })
      drop(drag)
    }
    const key = (e: KeyboardEvent): void => {
      if (e.key !== 'Escape' || !this.now.get()) return
      e.stopPropagation()
      end()
    }
    window.addEventListener('pointermove', move)
    window.addEventListener('pointerup', up)
    window.addEventListener('pointercancel', end)
    window.addEventListener('keydown', key, true)
  }

  /** Whether a click event is only the end of a drag. */
  swallowsClick(): boolean {
    return this.justDragged
  }
}

/** What lies at a point of the window where the overview draws. */
export type Finder = (at: Point) => Picked | undefined

/** Set while nodes are drawn without elements of their own: what lies where, and how one gets the keyboard's focus. */
export const drawn: { find: Finder | null; focus: ((node: string) => void) | null } = { find: null, focus: null }

/** The node that is drawn at a point of the window; not `ignore`, which is under the pointer because it is dragged. */
export function nodeAt(at: Point, ignore?: string): string | null {
  for (const element of document.elementsFromPoint(at.x, at.y)) {
    const node = element.closest<HTMLElement>('[data-node]')
    if (node?.dataset.node && node.dataset.node !== ignore) return node.dataset.node
  }
  const found = drawn.find?.(at)
  return found && 'node' in found && !isShape(found.node) && found.node !== ignore ? found.node : null
}

/** What an event of the pointer is about where nodes have no elements of their own: the canvas itself has it then. */
export function drawnUnder(target: EventTarget | null, at: Point): Picked | undefined {
  const ground = target instanceof Element && target.closest('.react-flow__pane') !== null
  return ground ? drawn.find?.(at) : undefined
}
