import { type DragEvent, useState } from 'react'
import type { Editor } from '@/editor'

const hasFile = (event: DragEvent): boolean => event.dataTransfer.types.includes('Files')

/** Handlers for an element onto which a document can be dropped: the import dialog opens with it. */
export function useFileDrop(editor: Editor) {
  const [over, setOver] = useState(false)
  return {
    'data-file': over || undefined,
    onDragOver: (event: DragEvent): void => {
      if (!hasFile(event)) return
      event.preventDefault()
      setOver(true)
    },
    onDragLeave: (): void => setOver(false),
    onDrop: (event: DragEvent): void => {
      if (!hasFile(event)) return
      event.preventDefault()
      setOver(false)
      const [file] = event.dataTransfer.files
      if (!file) return
      file.text().then(
        (text) => editor.dialog.set({ kind: 'import', text, fileName: file.name }),
        (error) => editor.fail(error),
      )
    },
  }
}
