/** Actions on a lab as a whole: its history, its document. */

import type { Action } from './action'
import { open } from './enabled'

export const showHistory: Action = {
  id: 'history',
  group: 'lab',
  label: (t) => t.history,
  help: (h) => h.history,
  shortcuts: ['H'],
  enabled: open,
  run: (editor) => editor.side.update((now) => (now === 'history' ? 'inspector' : 'history')),
}

export const exportDocument: Action = {
  id: 'export',
  group: 'lab',
  label: (t) => t.exportJson,
  help: (h) => h.exportJson,
  shortcuts: ['Mod+S'],
  enabled: open,
  run: (editor) => editor.dialog.set({ kind: 'export' }),
}

export const importDocument: Action = {
  id: 'import',
  group: 'lab',
  needs: 'edit',
  label: (t) => t.importJson,
  help: (h) => h.importJson,
  shortcuts: ['Mod+O'],
  enabled: open,
  run: (editor) => editor.dialog.set({ kind: 'import' }),
}
