/** Undo with several people in one lab: the history is one list, so the latest edit may be someone else's. */

import { isMine } from '@/store'
import type { Editor } from '../kernel/editor'
import { useEditorTexts } from '../texts/editor'

/** For this long, in ms, a second press confirms the question of the first. */
const PATIENCE_MS = 8000

const asked = new WeakMap<Editor, { edit: string; at: number }>()

/** Take back the newest edit; where it is another person's, say so first, and do it when asked once more. */
export async function undoNewest(editor: Editor): Promise<void> {
  const t = useEditorTexts.now()
  const { undo, undoBy, undoSession } = editor.lab.meta.get()
  const edit = `${undoSession} ${undo}`
  const before = asked.get(editor)
  const again = before?.edit === edit && Date.now() - before.at < PATIENCE_MS
  asked.delete(editor)
  if (again) editor.toasts.update((all) => all.filter(({ hint }) => hint !== t.undoTheirsHint))
  // Shells in the lab and the server itself have no session.
  const theirs = undoSession !== null && !isMine(undoSession)
  if (undo !== null && undoBy !== null && theirs && !again) {
    asked.set(editor, { edit, at: Date.now() })
    editor.say('warning', t.undoTheirs(undo, undoBy), t.undoTheirsHint)
    return
  }
  await editor.edit([{ do: 'undo' }], t.undone, false)
}
