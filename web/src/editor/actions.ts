import { afterColon, HOST, namespaceId } from '@/protocol'
import type { Editor } from './editor'
import { moveTo, rename, setMaster, toggleUp } from './ends'
import { selectedNamespaceOf, selectedNodes } from './selected'
import { type EditorTexts, useEditorTexts } from './texts'

/** One verb: its menu entry, its shortcut, its palette line and its test are this object. */
export interface Action {
  id: string
  label: (t: EditorTexts) => string
  /** `Mod+Z`; the first is shown. */
  shortcuts?: readonly string[]
  enabled: (editor: Editor) => boolean
  run: (editor: Editor) => unknown
}

const open = (editor: Editor): boolean => editor.lab.meta.get().info !== null
const always = (): boolean => true

export const addNamespaceAction: Action = {
  id: 'add-namespace',
  label: (t) => t.addNamespace,
  shortcuts: ['N'],
  enabled: open,
  run: (editor) => editor.dialog.set({ kind: 'namespace' }),
}

export const addBridgeAction: Action = {
  id: 'add-bridge',
  label: (t) => t.addBridge,
  shortcuts: ['B'],
  enabled: open,
  run: (editor) => editor.dialog.set({ kind: 'bridge', namespace: selectedNamespaceOf(editor) }),
}

export const addLink: Action = {
  id: 'add-link',
  label: (t) => t.addLink,
  shortcuts: ['L'],
  enabled: open,
  run: (editor) => {
    const [a, b] = selectedNodes(editor)
    editor.dialog.set({ kind: 'link', a, b })
  },
}

const layered = (which: 'vxlan' | 'macvlan', shortcut: string): Action => ({
  id: `add-${which}`,
  label: (t) => (which === 'vxlan' ? t.addVxlan : t.addMacvlan),
  shortcuts: [shortcut],
  enabled: open,
  run: (editor) => editor.dialog.set({ kind: 'interface', which, namespace: selectedNamespaceOf(editor) }),
})
export const addVxlan = layered('vxlan', 'X')
export const addMacvlan = layered('macvlan', 'M')

export const remove: Action = {
  id: 'delete',
  label: (t) => t.delete,
  shortcuts: ['Delete', 'Backspace'],
  enabled: (editor) => editor.selection.get().size > 0,
  run: async (editor) => {
    const all = [...editor.selection.get()]
    // Where everything is selected, `host` stays; alone, the server says why it cannot go.
    const ids = all.length > 1 ? all.filter((id) => id !== namespaceId(HOST)) : all
    const done = await editor.edit([{ do: 'remove', ids }], useEditorTexts.now().removed(ids.length))
    if (done) editor.select([])
  },
}

export const undo: Action = {
  id: 'undo',
  label: (t) => t.undo,
  shortcuts: ['Mod+Z'],
  enabled: (editor) => editor.lab.meta.get().undo !== null,
  run: (editor) => editor.edit([{ do: 'undo' }], useEditorTexts.now().undone, false),
}

export const redo: Action = {
  id: 'redo',
  label: (t) => t.redo,
  shortcuts: ['Mod+Shift+Z', 'Mod+Y'],
  enabled: (editor) => editor.lab.meta.get().redo !== null,
  run: (editor) => editor.edit([{ do: 'redo' }], useEditorTexts.now().redone, false),
}

export const selectAll: Action = {
  id: 'select-all',
  label: (t) => t.selectAll,
  shortcuts: ['Mod+A'],
  enabled: open,
  run: (editor) => editor.select([...editor.lab.scene.get().namespaces.keys()].map((name) => `namespace:${name}`)),
}

export const deselect: Action = {
  id: 'deselect',
  label: (t) => t.deselect,
  shortcuts: ['Escape'],
  enabled: (editor) => editor.selection.get().size > 0,
  run: (editor) => editor.select([]),
}

export const ping: Action = {
  id: 'ping',
  label: (t) => t.ping,
  shortcuts: ['P'],
  enabled: open,
  run: (editor) => {
    const [source, target] = [...editor.selection.get()].map(afterColon)
    editor.dialog.set({ kind: 'ping', source: source?.split('/')[0], target })
  },
}

export const showHistory: Action = {
  id: 'history',
  label: (t) => t.history,
  shortcuts: ['H'],
  enabled: open,
  run: (editor) => editor.side.update((now) => (now === 'history' ? 'inspector' : 'history')),
}

export const exportDocument: Action = {
  id: 'export',
  label: (t) => t.exportJson,
  shortcuts: ['Mod+S'],
  enabled: open,
  run: (editor) => editor.dialog.set({ kind: 'export' }),
}

export const importDocument: Action = {
  id: 'import',
  label: (t) => t.importJson,
  shortcuts: ['Mod+O'],
  enabled: open,
  run: (editor) => editor.dialog.set({ kind: 'import' }),
}

export const fit: Action = {
  id: 'fit',
  label: (t) => t.fit,
  shortcuts: ['F', '1'],
  enabled: always,
  run: (editor) => editor.viewport.get()?.fit(),
}

export const zoomIn: Action = {
  id: 'zoom-in',
  label: (t) => t.zoomIn,
  shortcuts: ['+', '='],
  enabled: always,
  run: (editor) => editor.viewport.get()?.zoomIn(),
}

export const zoomOut: Action = {
  id: 'zoom-out',
  label: (t) => t.zoomOut,
  shortcuts: ['-'],
  enabled: always,
  run: (editor) => editor.viewport.get()?.zoomOut(),
}

export const zoomReset: Action = {
  id: 'zoom-reset',
  label: (t) => t.zoomReset,
  shortcuts: ['0'],
  enabled: always,
  run: (editor) => editor.viewport.get()?.zoomReset(),
}

// biome-ignore format: one list
export const ACTIONS: readonly Action[] = [
  addNamespaceAction, addBridgeAction, addLink, addVxlan, addMacvlan, remove, undo, redo, selectAll, deselect, ping,
  toggleUp, rename, moveTo, setMaster, showHistory, exportDocument, importDocument, fit, zoomIn, zoomOut, zoomReset,
]

/** Run it where it is enabled; a failure becomes a toast. */
export function runAction(action: Action, editor: Editor): void {
  if (!action.enabled(editor)) return
  Promise.resolve(action.run(editor)).catch((error) => editor.fail(error))
}
