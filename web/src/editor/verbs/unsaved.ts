/** What would be lost if the page were left. */

import type { Editor } from '../kernel/editor'

/** Whether the field that is being written on the canvas (a note, a label) has another text than the document. */
function writing(editor: Editor): boolean {
  const field = document.activeElement
  if (editor.inline.get() === null) return false
  return (
    (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) && field.value !== field.defaultValue
  )
}

export const unsaved = (editor: Editor): boolean =>
  editor.staging.state.get().edits.length > 0 || editor.drafts.size > 0 || writing(editor)

/** Makes the browser ask before a page with unsaved work is left, and sends edits that are still being collected. Returns how to stop. */
export function askBeforeLeaving(editor: Editor): () => void {
  const leave = (event: BeforeUnloadEvent): void => {
    editor.collected()
    if (unsaved(editor)) event.preventDefault()
  }
  window.addEventListener('beforeunload', leave)
  return () => window.removeEventListener('beforeunload', leave)
}
