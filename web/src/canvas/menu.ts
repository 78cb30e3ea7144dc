import {
  type Action,
  addBridgeAction,
  addLink,
  addMacvlan,
  addNamespaceAction,
  addVxlan,
  capture,
  chains,
  deselect,
  type Editor,
  exportDocument,
  fit,
  moveTo,
  newTerminal,
  ping,
  remove,
  rename,
  runAction,
  selectAll,
  selectedInterface,
  setMaster,
  shown,
  toggleUp,
  useEditorTexts,
} from '@/editor'
import type { MenuEntry } from '@/ui'

const ON_PANE = [
  [addNamespaceAction, addBridgeAction, addLink, addVxlan, addMacvlan],
  [newTerminal, chains],
  [selectAll, fit, exportDocument],
]
const ON_NODES = [[addLink, addBridgeAction, addVxlan, addMacvlan], [newTerminal, chains, ping, deselect], [remove]]
const ON_INTERFACE = [[toggleUp, rename, moveTo, setMaster], [ping, capture], [remove]]

/** The entries of the context menu, by what is selected. */
export function menuEntries(editor: Editor): readonly MenuEntry[] {
  const t = useEditorTexts.now()
  const groups = selectedInterface(editor) ? ON_INTERFACE : editor.selection.get().size > 0 ? ON_NODES : ON_PANE
  const entry = (action: Action): MenuEntry => ({
    key: action.id,
    label: action.label(t),
    shortcut: action.shortcuts?.[0] && shown(action.shortcuts[0]),
    disabled: !action.enabled(editor),
    danger: action === remove,
    onSelect: () => runAction(action, editor),
  })
  return groups.flatMap((group, i) => [...(i > 0 ? [null] : []), ...group.map(entry)])
}

/** The menu is about what is under the pointer (or has the focus): that becomes the selection, if it is not part of it.
 * `drawn`: what lies there where nothing has an element. */
export function selectUnder(editor: Editor, target: EventTarget, drawn?: readonly string[]): void {
  if (!(target instanceof Element)) return
  const ends = target.closest<SVGElement>('[data-ends]')?.dataset.ends?.split(' ')
  const found = target.closest<HTMLElement>('[data-id^="namespace:"], [data-id^="interface:"]')?.dataset.id
  const ids = drawn ?? ends ?? (found === undefined ? [] : [found])
  const selected = editor.selection.get()
  if (ids.length === 0 || !ids.every((id) => selected.has(id))) editor.select(ids)
}
