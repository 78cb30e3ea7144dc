import { type Ask, afterColon, HOST } from '@/protocol'
import { namespaceOfNode } from '@/store'
import type { Editor } from '../kernel/editor'
import { useAppActionTexts } from '../texts/app'
import { openDock, resizeDock } from '../verbs/dock'
import type { Action } from './action'
import { open } from './enabled'

/** So high, in CSS pixels, a journey can be read; half of the window at most. */
const ROOM = 400

/** Open the panel of traces, high enough to read one. */
function openTraces(editor: Editor, panel: { source?: string | undefined; target?: string | undefined }): void {
  openDock(editor, { kind: 'journey', ...panel })
  const wanted = Math.min(ROOM, Math.round(window.innerHeight / 2))
  if (editor.dock.get().height < wanted) resizeDock(editor, wanted)
}

/** Send exactly this packet, and trace it. */
export function traceThis(editor: Editor, ask: Ask): void {
  editor.asked.set(ask)
  openTraces(editor, {})
}

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
    openTraces(editor, { source: namespaceOfNode(source ?? HOST), target })
  },
}
