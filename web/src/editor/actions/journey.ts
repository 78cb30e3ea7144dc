import { afterColon, HOST } from '@/protocol'
import { namespaceOfNode } from '@/store'
import { useAppActionTexts } from '../texts/app'
import { openDock, resizeDock } from '../verbs/dock'
import type { Action } from './action'
import { open } from './enabled'

/** So high, in CSS pixels, a journey can be read; half of the window at most. */
const ROOM = 400

export const trace: Action = {
  id: 'trace',
  group: 'tools',
  needs: 'view',
  label: () => useAppActionTexts.now().trace,
  help: (h) => h.trace,
  shortcuts: ['J'],
  enabled: open,
  run: (editor) => {
    const [source, target] = [...editor.selection.get()].map(afterColon)
    openDock(editor, { kind: 'journey', source: namespaceOfNode(source ?? HOST), target })
    const wanted = Math.min(ROOM, Math.round(window.innerHeight / 2))
    if (editor.dock.get().height < wanted) resizeDock(editor, wanted)
  },
}
