import type { Point } from '@/editor'

export interface Tracked {
  /** How far the pointer has gone, in canvas units. */
  move(by: Point): void
  drop(by: Point): void
  cancel(): void
}

/** Follows a pointer that was just pressed until it is let go; Escape gives up. */
export function track(
  event: { clientX: number; clientY: number; pointerId: number },
  toCanvas: (at: Point) => Point,
  tracked: Tracked,
): void {
  const start = toCanvas({ x: event.clientX, y: event.clientY })
  const by = (e: PointerEvent): Point => {
    const at = toCanvas({ x: e.clientX, y: e.clientY })
    return { x: at.x - start.x, y: at.y - start.y }
  }
  const mine = (e: PointerEvent): boolean => e.pointerId === event.pointerId
  const end = new AbortController()
  const on = { signal: end.signal }
  const over = (then: () => void): void => {
    end.abort()
    then()
  }
  window.addEventListener('pointermove', (e) => mine(e) && tracked.move(by(e)), on)
  window.addEventListener('pointerup', (e) => mine(e) && over(() => tracked.drop(by(e))), on)
  window.addEventListener('pointercancel', (e) => mine(e) && over(tracked.cancel), on)
  window.addEventListener('keydown', (e) => e.key === 'Escape' && over(tracked.cancel), { ...on, capture: true })
}
