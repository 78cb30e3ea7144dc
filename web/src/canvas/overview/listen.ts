import { drawn } from '../drag'
import type { OverviewScene } from './scene'

/** The pointer's events before the canvas below hears of them; what is not ours goes on to it. */
export function listen(ground: HTMLElement | null | undefined, scene: OverviewScene): (() => void) | undefined {
  if (!ground) return undefined
  const { hand } = scene
  const inside = (e: Event): boolean => e.target instanceof Element && e.target.closest('.react-flow__pane') !== null
  const ours = (done: boolean, e: Event): void => {
    if (done) e.stopPropagation()
  }
  let pressed = false
  const onGround: Record<string, (e: PointerEvent) => void> = {
    pointerdown: (e) => {
      if (!inside(e)) return
      if (e.button !== 0) return
      pressed = hand.down(e)
      ours(pressed, e)
    },
    mousedown: (e) => inside(e) && ours(pressed && e.button === 0, e),
    touchstart: (e) => inside(e) && ours(pressed, e),
    click: (e) => inside(e) && ours(pressed, e),
    dblclick: (e) => {
      const { node } = hand.pick({ x: e.clientX, y: e.clientY })
      if (!node || !inside(e)) return
      e.stopPropagation()
      scene.open(node)
    },
  }
  const onWindow: Record<string, (e: PointerEvent) => void> = {
    pointermove: (e) => hand.move(e),
    pointerup: (e) => hand.up(e),
    pointercancel: () => hand.cancel(),
  }
  const key = (e: KeyboardEvent): void => {
    if (e.key === 'Escape' && hand.busy && hand.cancel()) e.stopPropagation()
  }
  drawn.find = (at) => hand.pick(at).picked
  for (const [type, on] of Object.entries(onGround)) ground.addEventListener(type, on as EventListener, true)
  for (const [type, on] of Object.entries(onWindow)) window.addEventListener(type, on as EventListener)
  window.addEventListener('keydown', key, true)
  return () => {
    drawn.find = null
    for (const [type, on] of Object.entries(onGround)) ground.removeEventListener(type, on as EventListener, true)
    for (const [type, on] of Object.entries(onWindow)) window.removeEventListener(type, on as EventListener)
    window.removeEventListener('keydown', key, true)
    hand.cancel()
  }
}
