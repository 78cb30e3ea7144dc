import { type RefObject, useMemo } from 'react'
import { type Editor, within } from '@/editor'
import { afterColon, isNode, isShape, kindOfId, namespaceOf } from '@/protocol'
import { type Board, boxesOf } from '../model/board'
import type { FlowView } from './port'

/** Below this zoom a node's name cannot have the focus. */
const READABLE = 0.4

/** Registers React Flow's view with the editor as its viewport. */
export function useCanvasView(
  editor: Editor,
  view: RefObject<FlowView | null>,
  board: RefObject<Board>,
): (now: FlowView | null) => void {
  return useMemo(
    () => (now: FlowView | null) => {
      view.current = now
      if (now === null) return editor.viewport.set(null)
      editor.viewport.set({
        ...now,
        reveal: (recordId) => now.centreOn(nodeOf(editor, recordId)),
        fitTo: (ids) => now.fitTo(ids.map((id) => nodeOf(editor, id))),
        show: (recordId) => {
          const node = nodeOf(editor, recordId)
          const box = boxesOf(board.current.nodes).get(node)
          const { seen, zoom } = now.visibleArea()
          if (!box || zoom < READABLE || !within(box, seen)) now.centreOn(node)
        },
        follow: (recordId) => {
          const node = nodeOf(editor, recordId)
          const box = boxesOf(board.current.nodes).get(node)
          if (box && !within(box, now.visibleArea().seen)) now.panTo(node)
        },
        taken: () =>
          board.current.nodes
            .filter((n) => n.kind === 'namespace' || n.kind === 'note')
            .map(({ x, y, w, h }) => ({ x, y, w, h })),
        boxes: () => boxesOf(board.current.nodes),
        picture: async (options) => (await import('../export/picture')).takePicture(options, now),
      })
    },
    [editor, view, board],
  )
}

/** The node that shows a record. */
function nodeOf(editor: Editor, recordId: string): string {
  if (isShape(recordId)) return recordId
  const name = afterColon(recordId)
  if (kindOfId(recordId) === 'namespace') return name
  return isNode(editor.lab.scene.get().interfaces.get(name)?.kind) ? name : namespaceOf(name)
}
