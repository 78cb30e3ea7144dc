import { type RefObject, useEffect } from 'react'
import {
  drawLinks,
  type Editor,
  type Heading,
  isLocked,
  next,
  nextTool,
  nodeRecord,
  type Point,
  pairsOf,
  takesText,
  useGestureTexts,
} from '@/editor'
import { isShape } from '@/protocol'
import { announce } from '@/ui'
import type { Board } from '../model/board'
import { boxesOf } from '../model/board'
import { focusedNode, focusNode, menuAt } from './focus'
import { asPlaced } from './useNodeEvents'
import type { Places } from './usePlaces'

const WAYS: Record<string, Heading> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' }
const BY: Record<Heading, Point> = {
  left: { x: -1, y: 0 },
  right: { x: 1, y: 0 },
  up: { x: 0, y: -1 },
  down: { x: 0, y: 1 },
}
/** Canvas units; with Shift the larger. */
const STEP = 1
const LEAP = 10

/** The overview's list is the canvas itself. */
const ELSEWHERE =
  'aside, [role="toolbar"], [role="tablist"], [role="listbox"]:not([data-overview]), [role="grid"], table'

const elsewhere = (editor: Editor, target: EventTarget | null): boolean =>
  editor.dialog.get() !== null || takesText(target) || (target instanceof Element && target.closest(ELSEWHERE) !== null)

/** The canvas by keyboard. Where the focus came to a node by keyboard, or nothing is selected, arrows walk from node to node;
 * else they move what is selected, and with Alt they always do. While a link is drawn they choose where to. */
export function useKeys(editor: Editor, board: RefObject<Board>, places: Places): void {
  const { nudge } = places
  useEffect(() => {
    const walking = { is: false }
    const key = (event: KeyboardEvent): void => {
      if (event.key === 'Tab') walking.is = true
      if (event.defaultPrevented || elsewhere(editor, event.target)) return
      const done =
        linkKey(editor, board.current, event) ||
        menuKey(event) ||
        arrowKey(editor, board.current, nudge, walking, event)
      if (done) event.preventDefault()
    }
    const pointer = (): void => {
      walking.is = false
    }
    const end = new AbortController()
    // Before the shortcuts: while a link is drawn, Enter and Escape belong to it.
    window.addEventListener('keydown', key, { signal: end.signal, capture: true })
    window.addEventListener('pointerdown', pointer, { signal: end.signal, capture: true })
    return () => end.abort()
  }, [editor, board, nudge])
}

/** Where an arrow goes from here: nodes and notes; areas lie behind everything. */
function target(board: Board, from: string | null, way: Heading, centre: Point | undefined): string | null {
  const boxes = boxesOf(board.nodes)
  for (const id of boxes.keys()) if (id.startsWith('area:') && id !== from) boxes.delete(id)
  if (from !== null && boxes.has(from)) return next(boxes, from, way)
  let [best, least]: [string | null, number] = [null, Number.POSITIVE_INFINITY]
  for (const [id, box] of boxes) {
    const far = Math.hypot(box.x + box.w / 2 - (centre?.x ?? 0), box.y + box.h / 2 - (centre?.y ?? 0))
    if (far < least) [best, least] = [id, far]
  }
  return best
}

function linkKey(editor: Editor, board: Board, event: KeyboardEvent): boolean {
  const tool = editor.tool.get()
  if (tool.is !== 'link') return false
  const t = useGestureTexts.now()
  if (event.key === 'Escape') {
    editor.tool.update((now) => nextTool(now, { do: 'end' }))
    announce(t.noLink)
    return true
  }
  if (event.key === 'Enter' || event.key === ' ') {
    const to = tool.to
    editor.tool.update((now) => nextTool(now, { do: 'end' }))
    if (to !== null) void drawLinks(editor, pairsOf(tool.from, [to]), spotOf(editor, board, to))
    return true
  }
  const way = WAYS[event.key]
  if (!way) return false
  const to = target(board, tool.to ?? tool.from[0] ?? null, way, editor.viewport.get()?.centre())
  if (to !== null && !isShape(to)) {
    editor.tool.update((now) => nextTool(now, { do: 'aim', to }))
    editor.viewport.get()?.show(nodeRecord(to))
    announce(t.aimed(to))
  }
  return true
}

/** Below the middle of a node, in pixels of the window. */
function spotOf(editor: Editor, board: Board, node: string): Point {
  const box = boxesOf(board.nodes).get(node)
  const at = box ? { x: box.x + box.w / 2, y: box.y + box.h } : { x: 0, y: 0 }
  return editor.viewport.get()?.toWindow(at) ?? at
}

/** The menu key, and Shift+F10 where the browser does not know it. */
function menuKey(event: KeyboardEvent): boolean {
  if (event.key !== 'ContextMenu' && !(event.key === 'F10' && event.shiftKey)) return false
  return menuAt(event.target)
}

function arrowKey(
  editor: Editor,
  board: Board,
  nudge: Places['nudge'],
  walking: { is: boolean },
  event: KeyboardEvent,
): boolean {
  const way = WAYS[event.key]
  if (!way || event.ctrlKey || event.metaKey) return false
  const selected = board.nodes.filter((node) => node.selected && !isLocked(editor, node.id))
  const at = focusedNode()
  if (event.altKey || (selected.length > 0 && !(walking.is && at !== null))) {
    const by = event.shiftKey ? LEAP : STEP
    const to = selected.map(({ id, x, y }): [string, Point] => [
      id,
      asPlaced(board, id, { x: x + BY[way].x * by, y: y + BY[way].y * by }, true),
    ])
    if (to.length > 0) nudge(new Map(to))
    return true
  }
  walking.is = true
  const to = target(board, at, way, editor.viewport.get()?.centre())
  if (to !== null) focusNode(editor, to, event.shiftKey ? [...editor.selection.get(), nodeRecord(to)] : null)
  return true
}
