import { type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef } from 'react'
import { useEditor } from '@/editor'
import { useCanvas } from '../input/context'
import styles from './Popover.module.css'

const MARGIN = 12

/** A small thing at a point of the window; Tab stays in it. It closes by Escape (from elsewhere too: see `deselect`), and when something
 * else is pressed. */
export function Popover({ at, label, children }: { at: { x: number; y: number }; label: string; children: ReactNode }) {
  const editor = useEditor()
  const { refocus } = useCanvas()
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const element = box.current
    const frame = element?.offsetParent?.getBoundingClientRect()
    if (!element || !frame) return
    const place = (want: number, size: number, room: number): number =>
      Math.round(Math.max(MARGIN, Math.min(want, room - size - MARGIN)))
    element.style.left = `${place(at.x - frame.left - element.offsetWidth / 2, element.offsetWidth, frame.width)}px`
    element.style.top = `${place(at.y - frame.top + 14, element.offsetHeight, frame.height)}px`
    element.querySelector<HTMLElement>('[data-first]')?.focus()
  }, [at])
  useEffect(() => {
    const away = (event: PointerEvent): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) editor.popover.set(null)
    }
    window.addEventListener('pointerdown', away, true)
    return () => window.removeEventListener('pointerdown', away, true)
  }, [editor])
  const key = (event: KeyboardEvent): void => {
    event.stopPropagation()
    if (event.key === 'Tab' && box.current) turn(box.current, event)
    if (event.key !== 'Escape') return
    editor.popover.set(null)
    refocus()
  }
  return (
    <div ref={box} role="dialog" aria-label={label} className={styles.popover} onKeyDown={key}>
      {children}
    </div>
  )
}

/** From the last field to the first and back. */
function turn(box: HTMLElement, event: KeyboardEvent): void {
  const fields = [...box.querySelectorAll<HTMLElement>('input, button:not([hidden])')]
  const [leaves, to] = event.shiftKey ? [fields[0], fields.at(-1)] : [fields.at(-1), fields[0]]
  if (event.target !== leaves) return
  event.preventDefault()
  to?.focus()
}
