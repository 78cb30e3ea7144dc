import { type KeyboardEvent, useRef } from 'react'
import { useEditor } from '@/editor'

/** A field where the text itself stands. Enter (in a long text with Mod) and leaving it keep what was written, Escape does not. */
export function InlineText(props: {
  label: string
  text: string
  long?: boolean
  className: string | undefined
  /** `height`: how high the field would be to show all of it, in canvas units. */
  onSave: (text: string, height: number) => void
}) {
  const { label, text, long, className, onSave } = props
  const editor = useEditor()
  const done = useRef(false)
  const end = (field: { value: string; scrollHeight: number } | null): void => {
    if (done.current) return
    done.current = true
    editor.inline.set(null)
    if (field) onSave(field.value, field.scrollHeight)
  }
  const common = {
    'aria-label': label,
    autoFocus: true,
    defaultValue: text,
    className: `nodrag nopan nowheel ${className ?? ''}`,
    onFocus: (event: { target: { select(): void } }) => event.target.select(),
    onBlur: (event: { target: { value: string; scrollHeight: number } }) => end(event.target),
    onKeyDown: (event: KeyboardEvent<HTMLInputElement | HTMLTextAreaElement>) => {
      event.stopPropagation()
      if (event.key === 'Escape') end(null)
      if (event.key === 'Enter' && (!long || event.ctrlKey || event.metaKey)) end(event.currentTarget)
    },
  }
  return long ? <textarea {...common} /> : <input {...common} />
}
