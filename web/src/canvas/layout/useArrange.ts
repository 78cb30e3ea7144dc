import { type RefObject, useEffect } from 'react'
import type { Editor } from '@/editor'
import { afterColon, namespaceOf } from '@/protocol'
import type { Places } from '../input/usePlaces'
import type { Board } from '../model/board'
import { animate, arranged } from './arrange'
import { shapesAlong } from './shapes'

/** The namespaces that stand for what is selected. */
const selectedNamespaces = (editor: Editor): Set<string> =>
  new Set([...editor.selection.get()].map(afterColon).map((name) => (name.includes('/') ? namespaceOf(name) : name)))

/** Provides layouts to the editor's actions: nodes move to their places in an animation, then it is one edit. */
export function useArrange(editor: Editor, board: RefObject<Board>, { moving, place }: Places): void {
  useEffect(() => {
    editor.arrange.set(async (layout, label) => {
      editor.busy.update((n) => n + 1)
      try {
        const places = await arranged(board.current, selectedNamespaces(editor), layout)
        const { nodes } = board.current
        await animate(places, moving)
        const shapes = shapesAlong(nodes, places.to)
        const areas = nodes.flatMap((n) =>
          n.kind === 'area' && shapes.has(n.id) ? [{ ...n.area, ...shapes.get(n.id) }] : [],
        )
        place(
          new Map([...places.to, ...shapes]),
          label,
          areas.map((area) => ({ do: 'put-area', area })),
        )
        editor.viewport.get()?.fitTo([...places.to.keys()].map((name) => `namespace:${name}`))
      } finally {
        editor.busy.update((n) => n - 1)
      }
    })
    return () => editor.arrange.set(null)
  }, [editor, board, moving, place])
}
