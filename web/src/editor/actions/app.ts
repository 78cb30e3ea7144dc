/** Actions on the app around a lab: what is open, how it looks, where the labs are. */

import { LANGUAGES, type Language, language } from '@/i18n'
import { contrast, theme } from '@/ui/theme'
import type { Editor } from '../kernel/editor'
import type { DialogState } from '../state/ui'
import { useAppActionTexts } from '../texts/app'
import { moveDock, toggleDock } from '../verbs/dock'
import { startTour } from '../verbs/tour'
import type { Action } from './action'
import { always, open } from './enabled'

const show = (dialog: DialogState) => (editor: Editor) => editor.dialog.set(dialog)
const t = useAppActionTexts.now

export const palette: Action = {
  id: 'palette',
  group: 'app',
  label: () => t().palette,
  help: (h) => h.palette,
  shortcuts: ['Mod+K'],
  inFields: true,
  enabled: always,
  run: show({ kind: 'palette' }),
}

export const shortcuts: Action = {
  id: 'shortcuts',
  group: 'app',
  label: () => t().shortcuts,
  help: (h) => h.shortcuts,
  shortcuts: ['?'],
  enabled: always,
  run: show({ kind: 'shortcuts' }),
}

export const tour: Action = {
  id: 'tour',
  group: 'app',
  label: () => t().tour,
  help: (h) => h.tour,
  enabled: () => true,
  run: startTour,
}

export const exportPicture: Action = {
  id: 'picture',
  group: 'lab',
  label: () => t().picture,
  help: (h) => h.picture,
  enabled: (editor) => editor.viewport.get() !== null,
  run: show({ kind: 'picture' }),
}

export const newLab: Action = {
  id: 'new-lab',
  group: 'lab',
  needs: 'admin',
  label: () => t().newLab,
  help: (h) => h.newLab,
  enabled: always,
  run: show({ kind: 'new-lab' }),
}

export const allLabs: Action = {
  id: 'labs',
  group: 'lab',
  label: () => t().allLabs,
  help: (h) => h.allLabs,
  enabled: always,
  run: show({ kind: 'labs' }),
}

export const doctor: Action = {
  id: 'doctor',
  group: 'tools',
  needs: 'admin',
  label: () => t().doctor,
  help: (h) => h.doctor,
  enabled: always,
  run: show({ kind: 'doctor' }),
}

export const netns: Action = {
  id: 'netns',
  group: 'tools',
  label: () => 'ip netns…',
  help: (h) => h.netns,
  enabled: open,
  run: show({ kind: 'netns' }),
}

export const showInspector: Action = {
  id: 'inspector',
  group: 'view',
  label: () => t().inspector,
  help: (h) => h.inspector,
  shortcuts: ['I'],
  enabled: open,
  run: (editor) => editor.side.update((now) => (now === 'inspector' ? null : 'inspector')),
}

export const showDock: Action = {
  id: 'dock',
  group: 'view',
  label: () => t().dock,
  help: (h) => h.dock,
  shortcuts: ['Mod+J'],
  inFields: true,
  enabled: (editor) => editor.dock.get().tabs.length > 0,
  run: toggleDock,
}

export const placeDock: Action = {
  id: 'dock-beside',
  group: 'view',
  label: () => t().dockBeside,
  help: (h) => h['dock-beside'],
  shortcuts: ['Alt+J'],
  inFields: true,
  enabled: (editor) => editor.dock.get().tabs.length > 0,
  run: moveDock,
}

const themes: readonly Action[] = (['system', 'light', 'dark'] as const).map((one) => ({
  id: `theme-${one}`,
  group: 'app',
  label: () => t().themed(t()[one]),
  enabled: always,
  run: () => theme.set(one),
}))

export const toggleContrast: Action = {
  id: 'contrast',
  group: 'app',
  label: () => t().contrast,
  help: (h) => h.contrast,
  enabled: always,
  run: () => contrast.update((now) => (now === 'more' ? 'system' : 'more')),
}

const languages: readonly Action[] = (Object.keys(LANGUAGES) as Language[]).map((one) => ({
  id: `language-${one}`,
  group: 'app',
  label: () => t().spoken(LANGUAGES[one]),
  enabled: always,
  run: () => language.set(one),
}))

// biome-ignore format: one list
export const APP_ACTIONS: readonly Action[] = [
  palette, shortcuts, tour, exportPicture, newLab, allLabs, doctor, netns, showInspector, showDock, placeDock, ...themes, toggleContrast, ...languages,
]
