/** Gestures made of the events that a hand makes, and the time between frames while they last. */

import { drawn } from '@/canvas/input/drag'

type At = { x: number; y: number }

const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve))

/** Milliseconds between frames; `step` is called once for each. */
export async function frames(ms: number, step: (seconds: number) => void): Promise<number[]> {
  const out: number[] = []
  const start = await frame()
  let last = start
  while (last - start < ms) {
    step((last - start) / 1000)
    const now = await frame()
    out.push(now - last)
    last = now
  }
  return out
}

function mouse(type: string, target: EventTarget, at: At, buttons: number): void {
  const init = { bubbles: true, cancelable: true, view: window, clientX: at.x, clientY: at.y, button: 0, buttons }
  target.dispatchEvent(
    new PointerEvent(`pointer${type}`, { ...init, pointerId: 1, isPrimary: true, pointerType: 'mouse' }),
  )
  target.dispatchEvent(new MouseEvent(`mouse${type}`, init))
}

/** Press at `from`, go round in circles, let go. */
export async function drag(from: At, ms: number, radius: number): Promise<number[]> {
  const target = document.elementFromPoint(from.x, from.y)
  if (!target) throw new Error(`nothing at ${from.x}, ${from.y}`)
  let at = from
  mouse('down', target, from, 1)
  const out = await frames(ms, (s) => {
    at = { x: from.x + radius * Math.sin(s * 2.4), y: from.y + radius * (1 - Math.cos(s * 2.4)) * 0.6 }
    mouse('move', target, at, 1)
  })
  mouse('up', target, at, 0)
  return out
}

/** Pinch to and fro over the middle. */
export async function zoom(ms: number): Promise<number[]> {
  const { element, box } = pane()
  const { left, top, width, height } = box
  const scales = new Set<string>()
  const out = await frames(ms, (s) => {
    const deltaY = Math.cos(s * 2 * Math.PI) * 24
    const at = { clientX: left + width / 2, clientY: top + height / 2 }
    element.dispatchEvent(
      new WheelEvent('wheel', { bubbles: true, cancelable: true, view: window, ctrlKey: true, deltaY, ...at }),
    )
    scales.add(scale())
  })
  if (scales.size < out.length / 2) throw new Error(`only ${scales.size} zooms in ${out.length} frames`)
  return out
}

const scale = (): string =>
  /scale\((.*)\)/.exec(document.querySelector<HTMLElement>('.react-flow__viewport')?.style.transform ?? '')?.[1] ?? ''

function pane(): { element: Element; box: DOMRect } {
  const element = document.querySelector('.react-flow__pane')
  if (!element) throw new Error('there is no canvas')
  return { element, box: element.getBoundingClientRect() }
}

const nodeUnder = (at: At): string | undefined => {
  const found = drawn.find?.(at)
  return found && 'node' in found ? found.node : undefined
}

/** Where the mouse can take hold of a node: near its upper left corner where it is a card, anywhere on it where it is only drawn. */
export function at(node: string): At {
  const card = document.querySelector(`[data-node="${node}"]`)?.getBoundingClientRect()
  if (card) return { x: card.left + Math.min(60, card.width * 0.3), y: card.top + Math.min(20, card.height * 0.2) }
  const { box } = pane()
  for (let y = box.top; y < box.bottom; y += 1) {
    for (let x = box.left; x < box.right; x += 3) if (nodeUnder({ x, y }) === node) return { x, y }
  }
  throw new Error(`${node} is not seen`)
}

/** A place in the middle of the canvas where nothing stands. */
export function free(): At {
  const { element, box } = pane()
  for (let n = 0; n < 4000; n += 1) {
    const x = box.left + box.width * (0.3 + 0.4 * ((n * 0.618) % 1))
    const y = box.top + box.height * (0.3 + (0.4 * n) / 4000)
    if (document.elementFromPoint(x, y) === element && !drawn.find?.({ x, y })) return { x, y }
  }
  throw new Error('nothing is free')
}
