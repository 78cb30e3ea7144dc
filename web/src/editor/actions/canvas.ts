/** Actions on the canvas: arranging, copying, drawing, linking. */

import type { Edge } from '../gestures/arrange'
import type { Editor } from '../kernel/editor'
import { nextTool } from '../state/tools'
import { useGestureTexts } from '../texts/gestures'
import {
  addArea,
  addNote,
  alignSelection,
  canArrange,
  distributeSelection,
  drawnSelection,
  toggleLock,
} from '../verbs/arranging'
import { copyable, copySelection, cutSelection, duplicateSelection, pasteClipboard } from '../verbs/clipboard'
import { selectedNodes } from '../verbs/selected'
import type { Action } from './action'
import { open } from './enabled'

type Texts = ReturnType<typeof useGestureTexts.now>
type Key = { [K in keyof Texts]: Texts[K] extends string ? K : never }[keyof Texts]

const act = (
  id: string,
  group: Action['group'],
  key: Key,
  shortcuts: readonly string[],
  enabled: Action['enabled'],
  run: Action['run'],
): Action => ({ id, group, label: () => useGestureTexts.now()[key], shortcuts, enabled, run })

const some = (editor: Editor): boolean => copyable(editor).length > 0
export const copy: Action = { ...act('copy', 'edit', 'copy', ['Mod+C'], some, copySelection), needs: 'view' }
export const cut = act('cut', 'edit', 'cut', ['Mod+X'], some, cutSelection)
/** Its shortcut is handled by the page's paste event, which may read the clipboard without permission. */
export const paste: Action = {
  ...act('paste', 'edit', 'paste', ['Mod+V'], open, (e) => pasteClipboard(e, e.pointed)),
  native: true,
}
export const duplicate = act('duplicate', 'edit', 'duplicate', ['Mod+D'], some, duplicateSelection)

const aligning = (edge: Edge, key: Key, shortcut: string): Action =>
  act(
    `align-${edge}`,
    'edit',
    key,
    [shortcut],
    (e) => canArrange(e, 2),
    (e) => alignSelection(e, edge),
  )
export const ALIGN: readonly Action[] = [
  aligning('left', 'alignLeft', 'Alt+A'),
  aligning('centre', 'alignCentre', 'Alt+H'),
  aligning('right', 'alignRight', 'Alt+D'),
  aligning('top', 'alignTop', 'Alt+W'),
  aligning('middle', 'alignMiddle', 'Alt+V'),
  aligning('bottom', 'alignBottom', 'Alt+S'),
]
const distributing = (axis: 'x' | 'y', key: Key, shortcut: string): Action =>
  act(
    `distribute-${axis}`,
    'edit',
    key,
    [shortcut],
    (e) => canArrange(e, 3),
    (e) => distributeSelection(e, axis),
  )
export const DISTRIBUTE: readonly Action[] = [
  distributing('x', 'distributeX', 'Alt+Shift+H'),
  distributing('y', 'distributeY', 'Alt+Shift+V'),
]

export const areaAction = act('add-area', 'add', 'addArea', ['Mod+G'], open, addArea)
export const noteAction = act('add-note', 'add', 'addNote', ['Shift+N'], open, (e) => addNote(e, e.pointed))
export const lock = act('lock', 'edit', 'lock', ['Mod+Shift+L'], (e) => drawnSelection(e).length > 0, toggleLock)

export const starAction = act(
  'star',
  'add',
  'star',
  ['Shift+B'],
  (editor) => selectedNodes(editor).length === 1,
  (editor) => editor.dialog.set({ kind: 'star', hub: selectedNodes(editor)[0] ?? '' }),
)

/** Begins a link at what is selected; where nothing is, the dialog asks for both ends. */
export const drawLink = act('draw-link', 'add', 'link', ['L'], open, (editor) => {
  const from = selectedNodes(editor)
  if (from.length === 0) editor.dialog.set({ kind: 'link' })
  else editor.tool.update((now) => nextTool(now, { do: 'link', from }))
})

export const selectTool = act('select-tool', 'view', 'selectTool', ['V'], open, (editor) =>
  editor.tool.update((now) => nextTool(now, { do: 'choose', tool: now.is === 'select' ? 'pan' : 'select' })),
)

// biome-ignore format: one list
export const CANVAS_ACTIONS: readonly Action[] = [
  drawLink, starAction, noteAction, areaAction, cut, copy, paste, duplicate, lock, ...ALIGN, ...DISTRIBUTE, selectTool,
]
