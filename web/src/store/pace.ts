/** How fast what shows records is told that they changed: the screen has so much time a frame, however fast the kernel speaks. */

/** Listeners told in one frame at least; where more wait, this part of them, so that the last is told after a quarter of a second. */
const AT_ONCE = 16
const PART = 1 / 8
/** While a gesture moves what is seen: it needs the time, and nobody reads what flies by. */
const MEANWHILE = 1
/** A gesture that made no event for so long is over, in ms. */
const GESTURE_MS = 150

/** Calls listeners, each at most once a frame and few of them at a time; at once where nothing has been going on. */
export class Pace {
  private readonly waiting = new Set<() => void>()
  private gestureEnds = 0
  private frame = 0

  /** These want to hear of a change. Those that were told in this frame already hear of it in one of the next. */
  tell(listeners: Iterable<() => void>): void {
    for (const listener of listeners) this.waiting.add(listener)
    // a page that nobody sees has no frames
    if (this.frame === 0 || document.hidden) this.turn()
  }

  /** Nobody listens there any more. */
  forget(listener: () => void): void {
    this.waiting.delete(listener)
  }

  /** A gesture goes on: the next frames belong to it. */
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
