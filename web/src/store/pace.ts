/** Limits how many listeners are called per frame when records change, so that rendering keeps its time however many events the kernel sends. */

/** The least number of listeners called per frame. If more are queued, this share of them, so that the last is called after a quarter of a second. */
const AT_ONCE = 16
const PART = 1 / 8
/** The limit during a gesture, which needs the time of the frame itself. */
const MEANWHILE = 1
/** A gesture that made no event for so long is over, in ms. */
const GESTURE_MS = 150

/** Calls listeners, each at most once a frame and few of them at a time; at once where nothing has been going on. */
export class Pace {
  private readonly waiting = new Set<() => void>()
  private gestureEnds = 0
  private frame = 0

  /** Queues listeners for a change. They are called at once if no frame is pending, else in one of the next frames. */
  queue(listeners: Iterable<() => void>): void {
    for (const listener of listeners) this.waiting.add(listener)
    // a hidden page gets no animation frames
    if (this.frame === 0 || document.hidden) this.turn()
  }

  /** Removes a listener. */
  forget(listener: () => void): void {
    this.waiting.delete(listener)
  }

  /** Call while a gesture is under way: the next frames use the lower limit. */
  gesture(): void {
    this.gestureEnds = performance.now() + GESTURE_MS
  }

  private readonly turn = (): void => {
    cancelAnimationFrame(this.frame)
    this.frame = this.waiting.size === 0 ? 0 : requestAnimationFrame(this.turn)
    let left = this.share()
    for (const listener of this.waiting) {
      if (left === 0) return
      left -= 1
      this.waiting.delete(listener)
      listener()
    }
  }

  private share(): number {
    if (document.hidden) return this.waiting.size
    if (performance.now() < this.gestureEnds) return MEANWHILE
    return Math.max(AT_ONCE, Math.ceil(this.waiting.size * PART))
  }
}
