import { afterColon, HOST, isShape, namespaceId } from '@/protocol'
import type { Editor } from '../kernel/editor'
import { openDock } from '../state/dock'
import { useEditorTexts } from '../texts/editor'
import { selectedInterfaces, selectedNamespaceOf, selectedNodes } from '../verbs/selected'
import { undoNewest } from '../verbs/undoing'
import type { Action } from './action'
import { APP_ACTIONS } from './app'
import { CANVAS_ACTIONS } from './canvas'
import { chains } from './chains'
import { moveTo, rename, setMaster, toggleUp } from './interface'
import { trace } from './journey'
import { RULE_ACTIONS } from './rules'
import { STAGING_ACTIONS } from './staging'
import { TERMINAL_ACTIONS } from './terminal'
import { VIEW_ACTIONS } from './view'

const open = (editor: Editor): boolean => editor.lab.meta.get().info !== null
const always = (): boolean => true

export const addNamespaceAction: Action = {
  id: 'add-namespace',
  group: 'add',
  label: (t) => t.addNamespace,
  help: (h) => h.addNamespace,
  shortcuts: ['N'],
  enabled: open,
  run: (editor) => editor.dialog.set({ kind: 'namespace', at: editor.pointed }),
}

export const addBridgeAction: Action = {
  id: 'add-bridge',
  group: 'add',
  label: (t) => t.addBridge,
  help: (h) => h.addBridge,
  shortcuts: ['B'],
  enabled: open,
  run: (editor) => editor.dialog.set({ kind: 'bridge', namespace: selectedNamespaceOf(editor) }),
}

export const addLink: Action = {
  id: 'add-link',
  group: 'add',
  label: (t) => t.addLink,
  help: (h) => h.addLink,
  shortcuts: ['Shift+L'],
  enabled: open,
  run: (editor) => {
    const [a, b] = selectedNodes(editor)
    editor.dialog.set({ kind: 'link', a, b })
  },
}

const layered = (which: 'vxlan' | 'macvlan', shortcut: string): Action => ({
  id: `add-${which}`,
  group: 'add',
  help: (h) => (which === 'vxlan' ? h.addVxlan : h.addMacvlan),
  label: (t) => (which === 'vxlan' ? t.addVxlan : t.addMacvlan),
  shortcuts: [shortcut],
  enabled: open,
  run: (editor) => editor.dialog.set({ kind: 'interface', which, namespace: selectedNamespaceOf(editor) }),
})
export const addVxlan = layered('vxlan', 'X')
export const addMacvlan = layered('macvlan', 'M')

export const remove: Action = {
  id: 'delete',
  group: 'edit',
  label: (t) => t.delete,
  help: (h) => h.remove,
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
  group: 'edit',
  label: (t) => t.undo,
  help: (h) => h.undo,
  shortcuts: ['Mod+Z'],
  enabled: (editor) => editor.staging.state.get().edits.length > 0 || editor.lab.meta.get().undo !== null,
  // what waits was done last, and is taken back first
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
  enabled: (editor) => editor.spot.get() !== null || editor.selection.get().size > 0,
  // What stands open on the canvas goes first, wherever the focus is.
  run: (editor) => (editor.spot.get() === null ? editor.select([]) : editor.spot.set(null)),
}

export const ping: Action = {
  id: 'ping',
  group: 'tools',
  label: (t) => t.ping,
  help: (h) => h.ping,
  shortcuts: ['P'],
  enabled: open,
  run: (editor) => {
    const [source, target] = [...editor.selection.get()].map(afterColon)
    editor.dialog.set({ kind: 'ping', source: source?.split('/')[0], target })
  },
}

export const capture: Action = {
  id: 'capture',
  group: 'tools',
  needs: 'view',
  label: (t) => t.capture,
  help: (h) => h.capture,
  shortcuts: ['K'],
  enabled: open,
  run: (editor) => openDock(editor, { kind: 'capture', interfaces: selectedInterfaces(editor) }),
}

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

export const fit: Action = {
  id: 'fit',
  group: 'view',
  label: (t) => t.fit,
  help: (h) => h.fit,
  shortcuts: ['F', '1'],
  enabled: always,
  run: (editor) => editor.viewport.get()?.fit(),
}

export const zoomIn: Action = {
  id: 'zoom-in',
  group: 'view',
  label: (t) => t.zoomIn,
  help: (h) => h.zoomIn,
  shortcuts: ['+', '='],
  enabled: always,
  run: (editor) => editor.viewport.get()?.zoomIn(),
}

export const zoomOut: Action = {
  id: 'zoom-out',
  group: 'view',
  label: (t) => t.zoomOut,
  help: (h) => h.zoomOut,
  shortcuts: ['-'],
  enabled: always,
  run: (editor) => editor.viewport.get()?.zoomOut(),
}

export const zoomReset: Action = {
  id: 'zoom-reset',
  group: 'view',
  label: (t) => t.zoomReset,
  help: (h) => h.zoomReset,
  shortcuts: ['0'],
  enabled: always,
  run: (editor) => editor.viewport.get()?.zoomReset(),
}

// biome-ignore format: one list
export const ACTIONS: readonly Action[] = [
  addNamespaceAction, addBridgeAction, addLink, addVxlan, addMacvlan, remove, undo, redo, selectAll, deselect, ping, capture,
  toggleUp, rename, moveTo, setMaster, showHistory, exportDocument, importDocument, fit, zoomIn, zoomOut, zoomReset,
  chains, trace, ...VIEW_ACTIONS, ...CANVAS_ACTIONS, ...STAGING_ACTIONS, ...TERMINAL_ACTIONS,
  ...Object.values(RULE_ACTIONS), ...APP_ACTIONS,
]
