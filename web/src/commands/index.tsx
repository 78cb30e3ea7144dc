import { useEditor } from '@/editor'
import { useValue } from '@/ui'
import { CommandPalette } from './CommandPalette'
import { ShortcutSheet } from './ShortcutSheet'

/** The dialogs of `editor.dialog` that list actions. */
export function CommandDialogs() {
  const dialog = useValue(useEditor().dialog)
  if (dialog?.kind === 'palette') return <CommandPalette />
  if (dialog?.kind === 'shortcuts') return <ShortcutSheet />
  return null
}
