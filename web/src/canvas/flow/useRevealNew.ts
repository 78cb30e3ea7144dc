import { useEffect, useRef } from 'react'
import type { Editor } from '@/editor'
import type { Board } from '../model/board'

/** While someone types in a terminal, new namespaces are brought into view. */
export function useRevealNew(editor: Editor, board: Board): void {
  const known = useRef<ReadonlySet<string> | null>(null)
  useEffect(() => {
    const namespaces = board.nodes.filter((node) => node.kind === 'namespace')
    const before = known.current
    known.current = new Set(namespaces.map((node) => node.id))
    if (before === null || !document.activeElement?.closest('[data-terminal]')) return
    for (const node of namespaces) if (!before.has(node.id)) editor.viewport.get()?.include(node)
  }, [editor, board])
}
