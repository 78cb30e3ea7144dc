import { useEffect } from 'react'
import { documentIn, type Editor, type Point, pasteClipboard, pasteDocument, takesText } from '@/editor'

/** The page's paste event: a document as text goes where the pointer is. It needs no permission and no TLS. */
export function useClipboard(editor: Editor, toCanvas: (at: Point) => Point): void {
  useEffect(() => {
    let pointer: Point | null = null
    const end = new AbortController()
    const over = (event: PointerEvent): void => {
      const onCanvas = event.target instanceof Element && event.target.closest('main') !== null
      pointer = onCanvas ? { x: event.clientX, y: event.clientY } : null
    }
    const paste = (event: ClipboardEvent): void => {
      if (takesText(event.target) || editor.dialog.get() !== null) return
      const text = event.clipboardData?.getData('text/plain') ?? ''
      const at = pointer ? toCanvas(pointer) : undefined
      event.preventDefault()
      const done = documentIn(text) ? pasteDocument(editor, text, at) : pasteClipboard(editor, at)
      done.catch((error) => editor.fail(error))
    }
    window.addEventListener('pointermove', over, { signal: end.signal })
    window.addEventListener('paste', paste, { signal: end.signal })
    return () => end.abort()
  }, [editor, toCanvas])
}
