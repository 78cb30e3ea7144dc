import { type RefObject, useEffect, useMemo } from 'react'
import { type Editor, isLocked, openTerminal, partsOf } from '@/editor'
import { interfaceId, isShape, namespaceId } from '@/protocol'
import type { FlowEvents, FlowView, Picked } from '../flow/port'
import type { Point } from '../model/anchors'
import type { Board } from '../model/board'
import { HEADER, PAD } from '../model/geometry'
import type { CanvasTools } from './context'
import { nodeAt } from './drag'
import type { Places } from './usePlaces'

/** The record id of a canvas node. */
export function idOf(node: string): string {
  if (isShape(node)) return node
  return node.includes('/') ? interfaceId(node) : namespaceId(node)
}

/** The records that are selected with what was picked. */
export const recordsOf = (picked: readonly Picked[]): string[] =>
  picked.flatMap((p) => {
    if ('node' in p) return [idOf(p.node)]
    return p.line.kind === 'pair' ? [interfaceId(p.line.a), interfaceId(p.line.b)] : [interfaceId(p.line.a)]
  })

/** From where a node is drawn to what its placement says: a bridge's is counted from below the chips of its card. */
export function asPlaced(board: Board, node: string, { x, y }: Point, keep: boolean): Point {
  const { namespace, master } = isShape(node) ? { namespace: node, master: null } : partsOf(node)
  const card = board.nodes.find((n) => n.id === namespace)
  const shift = master !== null && card?.kind === 'namespace' ? card.card.shift : 0
  if (master === null || !keep) return { x: Math.round(x), y: Math.round(y - shift) }
  return { x: Math.round(Math.max(x, PAD)), y: Math.round(Math.max(y - shift, HEADER)) }
}

const NOTHING: ReadonlyMap<string, Point> = new Map()

type View = RefObject<FlowView | null>

/** What happens to nodes under the pointer. */
export function useNodeEvents(
  editor: Editor,
  board: RefObject<Board>,
  places: Places,
  tools: CanvasTools,
  view: View,
): FlowEvents {
  const { moving, place, forget } = places
  const keys = useDragKeys(tools, forget)
  return useMemo(() => {
    const map = (moved: ReadonlyMap<string, Point>, keep: boolean): Map<string, Point> =>
      new Map([...moved].map(([node, at]) => [node, asPlaced(board.current, node, at, keep)]))
    const aim = (moved: ReadonlyMap<string, Point>): Map<string, Point> | null => {
      editor.lab.pace.gesture()
      const sight = view.current?.visibleArea()
      return sight ? tools.move.move(board.current.nodes, moved, keys, sight) : null
    }
    return {
      onAim: aim,
      onMove: (moved) => {
        const now = aim(moved)
        if (now) moving(map(now, false))
      },
      onGiveUp: () => {
        tools.move.giveUp()
        tools.move.drop(NOTHING)
      },
      onDrop: (dragged, at) => {
        const moved = tools.move.drop(dragged)
        if (!moved) return
        const [only] = moved.size === 1 ? [...moved.keys()] : []
        const bridge = only?.includes('/') && !isShape(only) ? only : undefined
        const over = bridge === undefined ? null : nodeAt(at, bridge)
        if (bridge !== undefined && over !== null && partsOf(over).namespace !== partsOf(bridge).namespace) {
          // The kernel decides: it refuses to move bridges.
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
      onOpen: (node) => {
        if (!isShape(node)) openTerminal(editor, partsOf(node).namespace)
        else if (!isLocked(editor, node)) editor.inline.set(node)
      },
    }
  }, [editor, board, moving, place, forget, tools, view, keys])
}

/** The modifiers that are held while nodes are dragged: Mod for the grid, Alt for neither. Escape gives the move up. */
function useDragKeys(tools: CanvasTools, forget: Places['forget']): { grid: boolean; free: boolean } {
  const keys = useMemo(() => ({ grid: false, free: false }), [])
  useEffect(() => {
    const end = new AbortController()
    const on = { signal: end.signal, capture: true }
    const read = (event: MouseEvent | KeyboardEvent): void => {
      keys.grid = event.ctrlKey || event.metaKey
      keys.free = event.altKey
    }
    window.addEventListener('pointermove', read, on)
    window.addEventListener('mousemove', read, on)
    const give = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return
      const ids = tools.move.giveUp()
      if (ids.length === 0) return
      event.stopPropagation()
      forget(ids)
    }
    window.addEventListener('keydown', give, on)
    return () => end.abort()
  }, [keys, tools, forget])
  return keys
}
