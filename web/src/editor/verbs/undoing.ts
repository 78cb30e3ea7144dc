/** Undo where several people edit one lab: its history is one list, so the newest edit may be somebody else's. */

import type { Editor } from '../kernel/editor'
import { useEditorTexts } from '../texts/editor'

/** Who is no other person: shells in the lab, the command line, the server itself. */
const NOBODY: ReadonlySet<string> = new Set(['terminal', 'cli', 'vethboard'])
/** So long the second press takes back what the first asked about, in ms. */
const PATIENCE_MS = 8000

const asked = new WeakMap<Editor, { edit: string; at: number }>()

/** Take back the newest edit; where it is another person's, say so first, and do it when asked once more. */
export async function undoNewest(editor: Editor): Promise<void> {
  const t = useEditorTexts.now()
  const { undo, undoBy } = editor.lab.meta.get()
  const edit = `${undoBy} ${undo}`
  const before = asked.get(editor)
  const again = before?.edit === edit && Date.now() - before.at < PATIENCE_MS
  asked.delete(editor)
  if (again) editor.toasts.update((all) => all.filter(({ hint }) => hint !== t.undoTheirsHint))
  if (undo !== null && undoBy !== null && undoBy !== editor.author && !NOBODY.has(undoBy) && !again) {
    asked.set(editor, { edit, at: Date.now() })
    editor.say('warning', t.undoTheirs(undo, undoBy), t.undoTheirsHint)
    return
  }
  await editor.edit([{ do: 'undo' }], t.undone, false)
}
