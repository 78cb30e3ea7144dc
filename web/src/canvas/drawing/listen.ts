import { drawn } from '../input/drag'
import type { OverviewScene } from './scene'

/** On nothing the canvas below has its own: it can be panned. */
const CURSORS = { move: 'move', press: 'pointer', nothing: '' }

/** Handles pointer events before React Flow does; others are passed on. */
export function listen(ground: HTMLElement | null | undefined, scene: OverviewScene): (() => void) | undefined {
  if (!ground) return undefined
  const { hand } = scene
  const inside = (e: Event): boolean => e.target instanceof Element && e.target.closest('.react-flow__pane') !== null
  const ours = (done: boolean, e: Event): void => {
    if (done) e.stopPropagation()
  }
  /** The press was about something that is drawn: the click that ends it is not one on nothing. */
  let [pressed, kept] = [false, false]
  const onGround: Record<string, (e: PointerEvent) => void> = {
    pointerdown: (e) => {
      if (!inside(e)) return
      if (e.button !== 0) return
      kept = hand.down(e)
      pressed = hand.busy
      ours(kept, e)
    },
    pointermove: (e) => {
      if (e.target instanceof HTMLElement && inside(e)) point(e.target, e)
    },
    mousedown: (e) => inside(e) && ours(kept && e.button === 0, e),
    touchstart: (e) => inside(e) && ours(kept, e),
    click: (e) => inside(e) && ours(pressed, e),
    dblclick: (e) => {
      const picked = hand.pick({ x: e.clientX, y: e.clientY })
      if (!picked || !('node' in picked) || !inside(e)) return
      e.stopPropagation()
      scene.open(picked.node)
    },
  }
  /** The cursor shows what can be moved. */
  const point = (pane: HTMLElement, e: PointerEvent): void => {
    if (e.buttons === 0) pane.style.cursor = CURSORS[hand.could({ x: e.clientX, y: e.clientY }) ?? 'nothing']
    else if (hand.shift) pane.style.cursor = 'grabbing'
  }
  const onWindow: Record<string, (e: PointerEvent) => void> = {
    pointermove: (e) => hand.move(e),
    pointerup: (e) => hand.up(e),
    pointercancel: () => hand.cancel(),
  }
  const key = (e: KeyboardEvent): void => {
    if (e.key === 'Escape' && hand.busy && hand.cancel()) e.stopPropagation()
  }
  drawn.find = (at) => hand.pick(at)
  for (const [type, on] of Object.entries(onGround)) ground.addEventListener(type, on as EventListener, true)
  for (const [type, on] of Object.entries(onWindow)) window.addEventListener(type, on as EventListener)
  window.addEventListener('keydown', key, true)
  return () => {
    drawn.find = null
    for (const pane of ground.querySelectorAll<HTMLElement>('.react-flow__pane')) pane.style.cursor = ''
    for (const [type, on] of Object.entries(onGround)) ground.removeEventListener(type, on as EventListener, true)
    for (const [type, on] of Object.entries(onWindow)) window.removeEventListener(type, on as EventListener)
    window.removeEventListener('keydown', key, true)
    hand.cancel()
  }
}
