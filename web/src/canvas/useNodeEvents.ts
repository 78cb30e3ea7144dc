import { type RefObject, useEffect, useMemo } from 'react'
import { type Editor, openTerminal, partsOf, takesText } from '@/editor'
import { interfaceId, namespaceId } from '@/protocol'
import type { Point } from './anchors'
import type { Board, BoardNode } from './board'
import type { CanvasTools } from './context'
import { nodeAt } from './drag'
import type { FlowEvents, Picked } from './flow'
import { HEADER, PAD } from './geometry'
import type { Places } from './usePlaces'

const idOf = (node: string): string => (node.includes('/') ? interfaceId(node) : namespaceId(node))

/** The records that are selected with what was picked. */
export const recordsOf = (picked: readonly Picked[]): string[] =>
  picked.flatMap((p) => {
    if ('node' in p) return [idOf(p.node)]
    return p.line.kind === 'pair' ? [interfaceId(p.line.a), interfaceId(p.line.b)] : [interfaceId(p.line.a)]
  })

/** From where a node is drawn to what its placement says: a bridge's is counted from below the chips of its card. */
function asPlaced(board: Board, node: string, { x, y }: Point, keep: boolean): Point {
  const { namespace, master } = partsOf(node)
  const card = board.nodes.find((n) => n.id === namespace)
  const shift = master !== null && card?.kind === 'namespace' ? card.card.shift : 0
  if (master === null || !keep) return { x: Math.round(x), y: Math.round(y - shift) }
  return { x: Math.round(Math.max(x, PAD)), y: Math.round(Math.max(y - shift, HEADER)) }
}

/** What happens to nodes under the pointer. */
export function useNodeEvents(editor: Editor, board: RefObject<Board>, places: Places, tools: CanvasTools): FlowEvents {
  const { moving, place, forget } = places
  return useMemo(() => {
    const map = (moved: ReadonlyMap<string, Point>, keep: boolean): Map<string, Point> =>
      new Map([...moved].map(([node, at]) => [node, asPlaced(board.current, node, at, keep)]))
    return {
      onMove: (moved) => moving(map(moved, false)),
      onDrop: (moved, at) => {
        const [only] = moved.size === 1 ? [...moved.keys()] : []
        const bridge = only?.includes('/') ? only : undefined
        const over = bridge === undefined ? null : nodeAt(at, bridge)
        if (bridge !== undefined && over !== null && partsOf(over).namespace !== partsOf(bridge).namespace) {
          // The kernel decides; it says that bridges stay where they were made.
          forget([bridge])
          tools.dropEnd(bridge, partsOf(over).namespace)
        } else place(map(moved, true))
      },
      onSelect: ({ on, off, add }) => {
        const gone = new Set(recordsOf(off))
        const kept = add || on.length === 0 ? [...editor.selection.get()].filter((id) => !gone.has(id)) : []
        editor.select([...kept, ...recordsOf(on)])
      },
      onClear: () => editor.select([]),
      onOpen: (node) => openTerminal(editor, partsOf(node).namespace),
    }
  }, [editor, board, moving, place, forget, tools])
}

const ARROWS: Record<string, Point> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
}
/** Canvas units; with Shift the larger. */
const STEP = 10
const LEAP = 50

const elsewhere = (target: EventTarget | null): boolean =>
  takesText(target) || (target instanceof Element && target.closest('aside, [role="toolbar"]') !== null)

/** Arrow keys move the selected nodes. */
export function useNudge(editor: Editor, board: RefObject<Board>, { nudge }: Places): void {
  useEffect(() => {
    const key = (event: KeyboardEvent): void => {
      const way = ARROWS[event.key]
      if (!way || event.ctrlKey || event.metaKey || event.altKey) return
      if (elsewhere(event.target) || editor.dialog.get() !== null) return
      const selected = board.current.nodes.filter((node) => node.selected)
      if (selected.length === 0) return
      event.preventDefault()
      const by = event.shiftKey ? LEAP : STEP
      const to = ({ id, x, y }: BoardNode): [string, Point] => [
        id,
        asPlaced(board.current, id, { x: x + way.x * by, y: y + way.y * by }, true),
      ]
      nudge(new Map(selected.map(to)))
    }
    window.addEventListener('keydown', key)
    return () => window.removeEventListener('keydown', key)
  }, [editor, board, nudge])
}
