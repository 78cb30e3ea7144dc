import { HOST } from '@/protocol'
import type { Editor } from '../kernel/editor'
import { useAppActionTexts } from '../texts/app'
import { openDock, resizeDock } from '../verbs/dock'
import { selectedNamespaceOf } from '../verbs/selected'
import type { Action } from './action'
import { open } from './enabled'

/** So high, in CSS pixels, the map of chains can be read whole; half of the window at most. */
const ROOM = 430

/** Show the chains of a namespace, with room for their map. */
export function showChains(editor: Editor, namespace: string): void {
  const { height, maximised, tabs } = editor.dock.get()
  const known = tabs.some((tab) => tab.panel.kind === 'chains')
  const wanted = Math.min(ROOM, Math.round(window.innerHeight / 2))
  openDock(editor, { kind: 'chains', namespace })
  if (!known && !maximised && height < wanted) resizeDock(editor, wanted)
}

export const chains: Action = {
  id: 'chains',
  group: 'tools',
  needs: 'view',
  label: () => useAppActionTexts.now().chains,
  help: (h) => h.chains,
  shortcuts: ['C'],
  enabled: open,
  run: (editor) => showChains(editor, selectedNamespaceOf(editor) ?? HOST),
}
