import {
  type Action,
  ADD_NODES,
  ADD_ROWS,
  ADD_UPPER,
  ALIGN,
  addLink,
  addNamespaceAction,
  areaAction,
  canArrange,
  canRun,
  capture,
  chains,
  copy,
  cut,
  DISTRIBUTE,
  deselect,
  drawLink,
  duplicate,
  type Editor,
  exportDocument,
  fit,
  lock,
  moveTo,
  newTerminal,
  noteAction,
  type Point,
  paste,
  ping,
  remove,
  rename,
  runAction,
  selectAll,
  selectedInterface,
  selectedNodes,
  setMaster,
  shown,
  starAction,
  toggleUp,
  trace,
  useEditorTexts,
  whyNot,
} from '@/editor'
import { isShape } from '@/protocol'
import type { MenuEntry } from '@/ui'

const ON_PANE = [
  [addNamespaceAction, ...ADD_NODES, addLink, ...ADD_ROWS],
  [noteAction, areaAction],
  [paste, selectAll],
  [newTerminal, chains],
  [fit, exportDocument],
]
const ON_INTERFACE = [
  [toggleUp, rename, moveTo, setMaster],
  ADD_UPPER,
  [ping, trace, capture],
  [cut, copy, paste, duplicate],
  [remove],
]
const ON_NODES = [
  [drawLink, starAction, ...ADD_NODES, ...ADD_ROWS],
  [cut, copy, paste, duplicate],
  [areaAction, lock],
  [newTerminal, chains, ping, trace, deselect],
  [remove],
]
const ON_SHAPES = [[rename, lock], [cut, copy, paste, duplicate], [remove]]
const ARRANGE = [ALIGN, DISTRIBUTE]

function groupsFor(editor: Editor): readonly (readonly Action[])[] {
  const selected = [...editor.selection.get()]
  if (selected.length === 0) return ON_PANE
  if (selectedInterface(editor) && !selectedNodes(editor).length) return ON_INTERFACE
  const own = selected.every(isShape) ? ON_SHAPES : ON_NODES
  return canArrange(editor, 2) ? [...own.slice(0, -1), ...ARRANGE, ...own.slice(-1)] : own
}

/** The entries of the context menu, by what is selected. Where nothing is, it is about the place `at` (canvas units). */
export function menuEntries(editor: Editor, at?: Point): readonly MenuEntry[] {
  const t = useEditorTexts.now()
  const groups = groupsFor(editor)
  const pointed = groups === ON_PANE ? at : undefined
  const entry = (action: Action): MenuEntry => ({
    key: action.id,
    label: action.label(t),
    shortcut: action.shortcuts?.[0] && shown(action.shortcuts[0]),
    disabled: !canRun(action, editor),
    title: whyNot(action, editor),
    danger: action === remove,
    onSelect: () => {
      editor.pointed = pointed
      runAction(action, editor)
      editor.pointed = undefined
    },
  })
  return groups.flatMap((group, i) => [...(i > 0 ? [null] : []), ...group.map(entry)])
}

/** The menu is about what is under the pointer (or has the focus): that becomes the selection, if it is not part of it.
 * `drawn`: what lies there where nothing has an element. */
export function selectUnder(editor: Editor, target: EventTarget, drawn?: readonly string[]): void {
  if (!(target instanceof Element)) return
  const ends = target.closest<SVGElement>('[data-ends]')?.dataset.ends?.split(' ')
  const found = target.closest<HTMLElement>('[data-id]')?.dataset.id
  const ids = drawn ?? ends ?? (found === undefined ? [] : [found])
  const selected = editor.selection.get()
  if (ids.length === 0 || !ids.every((id) => selected.has(id))) editor.select(ids)
}
