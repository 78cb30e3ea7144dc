/** Actions that add what the kernel shall have. */

import { KIND_SHORTCUTS, useFormTexts, useKindTexts } from '@/kinds'
import { ADDABLE, isNode, type Kind, kindSpec } from '@/protocol'
import { selectedInterface, selectedNamespaceOf, selectedNodes } from '../verbs/selected'
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

/** Whether one of this kind is always made on another interface. */
const isUpper = (kind: Kind): boolean => kindSpec(kind)?.lower?.required === true

/** Adds an interface of a kind; on the one that is selected, where it needs a lower interface. */
function addInterfaceOf(which: Kind): Action {
  const shortcut = KIND_SHORTCUTS[which]
  return {
    id: `add-${which}`,
    group: 'add',
    label: () => useFormTexts.now().add(useKindTexts.now()[which]),
    help: () => useKindTexts.now()[`${which}.about`],
    ...(shortcut === undefined ? {} : { shortcuts: [shortcut] }),
    enabled: open,
    run: (editor) => {
      const lower = isUpper(which) ? selectedInterface(editor)?.ref : undefined
      editor.dialog.set({ kind: 'interface', which, namespace: selectedNamespaceOf(editor), lower })
    },
  }
}

/** The actions that add an interface, by its kind. */
export const ADD_KIND: ReadonlyMap<Kind, Action> = new Map(ADDABLE.map((kind) => [kind, addInterfaceOf(kind)]))

const added = (fits: (kind: Kind) => boolean): Action[] =>
  [...ADD_KIND].flatMap(([kind, action]) => (fits(kind) ? [action] : []))

/** Those of kinds that are drawn as nodes, and the others. */
export const ADD_NODES = added(isNode)
export const ADD_ROWS = added((kind) => !isNode(kind))
/** Those of kinds that need a lower interface. */
export const ADD_UPPER = added(isUpper)
