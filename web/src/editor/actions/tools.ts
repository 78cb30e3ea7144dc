/** Tools that look at what the kernel does: ping, capture. */

import { afterColon } from '@/protocol'
import { openDock } from '../verbs/dock'
import { selectedInterfaces } from '../verbs/selected'
import type { Action } from './action'
import { open } from './enabled'

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
