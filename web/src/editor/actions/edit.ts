/** Actions on what is selected, and on edits that were made. */

import { HOST, isShape, namespaceId } from '@/protocol'
import { useEditorTexts } from '../texts/editor'
import { undoNewest } from '../verbs/undoing'
import type { Action } from './action'
import { open } from './enabled'

export const remove: Action = {
  id: 'delete',
  group: 'edit',
  label: (t) => t.delete,
  help: (h) => h.remove,
  shortcuts: ['Delete', 'Backspace'],
  enabled: (editor) => editor.selection.get().size > 0,
  run: async (editor) => {
    const all = [...editor.selection.get()]
    // If everything is selected, `host` is left out; if it is selected alone, the server explains why it cannot be deleted.
    const ids = all.length > 1 ? all.filter((id) => id !== namespaceId(HOST)) : all
    const done = await editor.edit([{ do: 'remove', ids }], useEditorTexts.now().removed(ids.length))
    if (done) editor.select([])
  },
}

export const undo: Action = {
  id: 'undo',
  group: 'edit',
  label: (t) => t.undo,
  help: (h) => h.undo,
  shortcuts: ['Mod+Z'],
  enabled: (editor) => editor.staging.state.get().edits.length > 0 || editor.lab.meta.get().undo !== null,
  // staged edits are the latest ones, and are undone first
  run: (editor) => (editor.staging.state.get().edits.length > 0 ? editor.staging.takeBack() : undoNewest(editor)),
}

export const redo: Action = {
  id: 'redo',
  group: 'edit',
  label: (t) => t.redo,
  help: (h) => h.redo,
  shortcuts: ['Mod+Shift+Z', 'Mod+Y'],
  enabled: (editor) => editor.lab.meta.get().redo !== null,
  run: (editor) => editor.edit([{ do: 'redo' }], useEditorTexts.now().redone, false),
}

export const selectAll: Action = {
  id: 'select-all',
  group: 'select',
  label: (t) => t.selectAll,
  help: (h) => h.selectAll,
  shortcuts: ['Mod+A'],
  enabled: open,
  run: (editor) =>
    editor.select([
      ...[...editor.lab.scene.get().namespaces.keys()].map(namespaceId),
      ...[...editor.lab.desired.ids()].filter(isShape),
    ]),
}

export const deselect: Action = {
  id: 'deselect',
  group: 'select',
  label: (t) => t.deselect,
  help: (h) => h.deselect,
  shortcuts: ['Escape'],
  enabled: (editor) => editor.popover.get() !== null || editor.selection.get().size > 0,
  // An open popover is closed first, wherever the focus is.
  run: (editor) => (editor.popover.get() === null ? editor.select([]) : editor.popover.set(null)),
}
