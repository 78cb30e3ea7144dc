import { type Editor, nodeRecord } from '@/editor'
import { drawn } from './drag'

/** The node (`ns0`, `host/br0`, `note:n1`) in which the keyboard's focus is. */
export function focusedNode(): string | null {
  const element = document.activeElement?.closest<HTMLElement>('[data-node], [data-id^="area:"], [data-id^="note:"]')
  return element?.dataset.node ?? element?.dataset.id ?? null
}

const FRAMES = 30

/** Bring a node into view and give it the focus. `select`: what becomes the selection. */
export function focusNode(editor: Editor, node: string, select: readonly string[] | null): void {
  if (drawn.focus === null) focusCard(editor, node, select)
  else {
    drawn.focus(node)
    if (select) editor.select(select)
  }
}

/** Come near to a node and give its card the focus; it may only be drawn then. */
export function focusCard(editor: Editor, node: string, select: readonly string[] | null): void {
  const id = nodeRecord(node)
  editor.viewport.get()?.show(id)
  if (select) editor.select(select)
  const attempt = (left: number): void => {
    const title = document.querySelector<HTMLElement>(`main [data-id="${CSS.escape(id)}"] button[aria-pressed]`)
    if (title) title.focus({ preventScroll: true })
    else if (left > 0) requestAnimationFrame(() => attempt(left - 1))
    else editor.select([id])
  }
  attempt(FRAMES)
}

/** Open the context menu of what has the focus. */
export function menuAt(target: EventTarget | null): boolean {
  if (!(target instanceof Element) || !target.closest('main')) return false
  const { left, bottom, width } = target.getBoundingClientRect()
  const at = { clientX: left + Math.min(width / 2, 40), clientY: bottom - 4 }
  return !target.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, ...at }))
}
