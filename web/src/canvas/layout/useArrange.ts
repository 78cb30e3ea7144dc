import { type RefObject, useEffect } from 'react'
import type { Editor } from '@/editor'
import { afterColon, namespaceOf } from '@/protocol'
import type { Board } from '../board'
import type { Places } from '../usePlaces'
import { animate, arranged } from './arrange'

/** The namespaces that stand for what is selected. */
const selectedNamespaces = (editor: Editor): Set<string> =>
  new Set([...editor.selection.get()].map(afterColon).map((name) => (name.includes('/') ? namespaceOf(name) : name)))

/** Lends the layouts to the editor's actions: the nodes go to their places before one's eyes, then it is one edit. */
export function useArrange(editor: Editor, board: RefObject<Board>, { moving, place }: Places): void {
  useEffect(() => {
    editor.arrange.set(async (layout, label) => {
      editor.busy.update((n) => n + 1)
      try {
        const places = await arranged(board.current, selectedNamespaces(editor), layout)
        await animate(places, moving)
        place(places.to, label)
        editor.viewport.get()?.fitTo([...places.to.keys()].map((name) => `namespace:${name}`))
      } finally {
        editor.busy.update((n) => n - 1)
      }
    })
    return () => editor.arrange.set(null)
  }, [editor, board, moving, place])
}
