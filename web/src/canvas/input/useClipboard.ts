import { useEffect } from 'react'
import { type Editor, type Point, pasteText, takesText } from '@/editor'

/** The page's paste event: a document as text goes where the pointer is. */
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
      pasteText(editor, text, at).catch((error) => editor.fail(error))
    }
    window.addEventListener('pointermove', over, { signal: end.signal })
    window.addEventListener('paste', paste, { signal: end.signal })
    return () => end.abort()
  }, [editor, toCanvas])
}
