/** What turning the wheel means, as in other editors: a mouse's wheel zooms, two fingers on a trackpad pan, a pinch (or Mod) zooms. */

/** A notch of a mouse's wheel is at least this far, in pixels; a trackpad begins more gently. */
const NOTCH_PX = 40
/** Events that are so close are one gesture, its glide included, in ms. */
const GESTURE_MS = 180

type Turned = Pick<WheelEvent, 'deltaX' | 'deltaY' | 'deltaMode' | 'ctrlKey' | 'metaKey' | 'timeStamp'>

/** Browsers do not say what was turned: it shows in how the gesture begins, and lasts until its end. */
export class WheelSorter {
  private last = { at: Number.NEGATIVE_INFINITY, pans: false }

  /** Whether this event pans. */
  pans(event: Turned): boolean {
    const same = event.timeStamp - this.last.at < GESTURE_MS
    const gentle = event.deltaMode === 0 && Math.abs(event.deltaY) < NOTCH_PX
    const pans = !event.ctrlKey && !event.metaKey && (event.deltaX !== 0 || (same ? this.last.pans : gentle))
    this.last = { at: event.timeStamp, pans }
    return pans
  }
}

/** Pan where the wheel asks for it; what else it does is left to the canvas below. For the canvas' element; returns how to stop. */
export function panByWheel(area: HTMLElement, panBy: (by: { x: number; y: number }) => void): () => void {
  const sorter = new WheelSorter()
  const turn = (event: WheelEvent): void => {
    const { target, deltaX, deltaY } = event
    const ours = target instanceof Element && target.closest('.react-flow') && !target.closest('.nowheel')
    if (!ours || !sorter.pans(event)) return
    event.preventDefault()
    event.stopPropagation()
    panBy({ x: -deltaX, y: -deltaY })
  }
  area.addEventListener('wheel', turn, { capture: true, passive: false })
  return () => area.removeEventListener('wheel', turn, { capture: true })
}
