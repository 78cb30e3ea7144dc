/** Actions on how the lab is seen: search, layouts, what the canvas shows on demand. */

import { LAYOUTS, VIEW_OPTIONS, type ViewOption } from '../state/view'
import { useViewTexts } from '../texts/view'
import type { Action } from './action'
import { always, open } from './enabled'

const t = useViewTexts.now

export const search: Action = {
  id: 'search',
  group: 'view',
  label: () => t().search,
  help: () => t().searchHelp,
  shortcuts: ['/', 'Mod+F'],
  enabled: open,
  run: (editor) => editor.searching.set(true),
}

export const fitSelection: Action = {
  id: 'fit-selection',
  group: 'view',
  label: () => t().fitSelection,
  shortcuts: ['2'],
  enabled: (editor) => editor.selection.get().size > 0,
  run: (editor) => editor.viewport.get()?.fitTo([...editor.selection.get()]),
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

const KEYS: Record<ViewOption, string> = {
  traffic: 'Shift+R',
  subnets: 'Shift+S',
  labels: 'Shift+I',
  minimap: 'Shift+M',
}

/** Switches for what is shown on demand, by option. */
export const viewActions = Object.fromEntries(
  VIEW_OPTIONS.map((option): [ViewOption, Action] => [
    option,
    {
      id: `show-${option}`,
      group: 'view',
      label: () => t()[option],
      help: () => t()[`${option}Help`],
      shortcuts: [KEYS[option]],
      enabled: open,
      run: (editor) => editor.view.update((now) => ({ ...now, [option]: !now[option] })),
    },
  ]),
) as Record<ViewOption, Action>

/** Arrange what is selected, or everything where less than two nodes are. */
export const layoutActions: readonly Action[] = LAYOUTS.map((layout) => ({
  id: `layout-${layout}`,
  group: 'view',
  label: () => t().arrange(t()[layout]),
  help: () => t().arrangeHelp,
  enabled: (editor) => open(editor) && editor.arrange.get() !== null,
  run: (editor) => editor.arrange.get()?.(layout, t().arranged(t()[layout])),
}))

export const VIEW_ACTIONS: readonly Action[] = [
  search,
  fitSelection,
  ...VIEW_OPTIONS.map((option) => viewActions[option]),
  ...layoutActions,
]
