import { Lock } from 'lucide-react'
import { memo } from 'react'
import { useEditor, useGestureTexts } from '@/editor'
import type { Note } from '@/protocol'
import { Markdown, usePart } from '@/ui'
import { useShapeTexts } from '../texts/shapes'
import { InlineText } from './InlineText'
import styles from './NoteNode.module.css'
import { ResizeCorners } from './ResizeCorners'

/** How high a note becomes by itself, in canvas units. */
const MOST_HEIGHT = 900

/** A note in Markdown. Double-click or F2 writes it. */
export const NoteNode = memo(function NoteNode({ note, selected }: { note: Note; selected: boolean }) {
  const editor = useEditor()
  const t = useShapeTexts()
  const id = `note:${note.name}`
  const writing = usePart(editor.inline, (inline) => inline === id)
  const save = (text: string, height: number): void => {
    // it grows with its text, so that none of it is hidden
    const h = Math.max(note.h, Math.min(height, MOST_HEIGHT))
    if (text !== (note.text ?? ''))
      void editor.edit([{ do: 'put-note', note: { ...note, text, h } }], useGestureTexts.now().wrote(note.name))
  }
  return (
    <article
      className={styles.note}
      data-id={id}
      data-colour={note.colour ?? 'yellow'}
      data-selected={selected || undefined}
      aria-label={t.note(note.name, note.locked ?? false)}
    >
      {writing ? (
        <InlineText long label={t.noteText} text={note.text ?? ''} onSave={save} className={styles.input} />
      ) : (
        <>
          <button
            type="button"
            className={styles.handle}
            aria-pressed={selected}
            aria-label={t.note(note.name, note.locked ?? false)}
          >
            {note.locked && <Lock size={12} aria-hidden="true" />}
          </button>
          <div className={styles.text} data-empty={note.text ? undefined : true}>
            <Markdown text={note.text || t.noteEmpty} />
          </div>
        </>
      )}
      {selected && !note.locked && <ResizeCorners id={id} />}
    </article>
  )
})
