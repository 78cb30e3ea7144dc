/** What can be done to one interface. */

import { nameOf } from '@/protocol'
import type { InterfaceView } from '@/store'
import type { Editor } from '../kernel/editor'
import { type EditorTexts, useEditorTexts } from '../texts/editor'
import { onlyShape, selectedInterface } from '../verbs/selected'
import type { Action } from './action'

const onInterface = (
  id: string,
  label: (t: EditorTexts) => string,
  shortcut: string,
  run: (editor: Editor, view: InterfaceView) => unknown,
  help?: Action['help'],
): Action => ({
  id,
  group: 'edit',
  label,
  ...(help ? { help } : {}),
  ...(shortcut === '' ? {} : { shortcuts: [shortcut] }),
  enabled: (editor) => selectedInterface(editor) !== undefined,
  run: (editor) => {
    const view = selectedInterface(editor)
    return view && run(editor, view)
  },
})

function setUp(editor: Editor, ref: string, up: boolean): Promise<unknown> {
  const t = useEditorTexts.now()
  const label = up ? t.up(nameOf(ref)) : t.down(nameOf(ref))
  return editor.edit([{ do: 'set-interface', interface: ref, changes: { up } }], label)
}

export const toggleUp = onInterface(
  'toggle-up',
  (t) => t.toggleUp,
  'U',
  (editor, { ref, live, desired }) => setUp(editor, ref, !(live?.up ?? desired?.up ?? true)),
  (h) => h.toggleUp,
)
const renameInterface = onInterface(
  'rename',
  (t) => t.rename,
  'F2',
  (editor, { ref }) => editor.dialog.set({ kind: 'rename', ref }),
)
/** Renames an interface; edits the text of an area or a note in place. */
export const rename: Action = {
  ...renameInterface,
  enabled: (editor) => onlyShape(editor) !== undefined || renameInterface.enabled(editor),
  run: (editor) => {
    const shape = onlyShape(editor)
    return shape === undefined ? renameInterface.run(editor) : editor.inline.set(shape)
  },
}
export const moveTo = onInterface(
  'move',
  (t) => t.moveTo,
  'T',
  (editor, { ref }) => editor.dialog.set({ kind: 'move', ref }),
  (h) => h.moveTo,
)
export const setMaster = onInterface(
  'set-master',
  (t) => t.setMaster,
  'G',
  (editor, { ref }) => editor.dialog.set({ kind: 'master', ref }),
  (h) => h.setMaster,
)
