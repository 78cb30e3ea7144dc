/** Actions that add what the kernel shall have. */

import { selectedNamespaceOf, selectedNodes } from '../verbs/selected'
import type { Action } from './action'
import { open } from './enabled'

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
