import { afterColon, HOST } from '@/protocol'
import { standsIn } from '@/store'
import { openDock, resizeDock } from '../state/dock'
import { useAppActionTexts } from '../texts/app'
import type { Action } from './action'

/** So high, in CSS pixels, a journey can be read; half of the window at most. */
const ROOM = 400

export const trace: Action = {
  id: 'trace',
  group: 'tools',
  needs: 'view',
  label: () => useAppActionTexts.now().trace,
  help: (h) => h.trace,
  shortcuts: ['J'],
  enabled: (editor) => editor.lab.meta.get().info !== null,
  run: (editor) => {
    const [source, target] = [...editor.selection.get()].map(afterColon)
    openDock(editor, { kind: 'journey', source: standsIn(source ?? HOST), target })
    const wanted = Math.min(ROOM, Math.round(window.innerHeight / 2))
    if (editor.dock.get().height < wanted) resizeDock(editor, wanted)
  },
}
