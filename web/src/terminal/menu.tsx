import {
  type Action,
  allows,
  canRun,
  clearTerminal,
  closeTerminal,
  copyFromTerminal,
  type Editor,
  findInTerminal,
  newTerminal,
  openTerminal,
  type Pane,
  pasteIntoTerminal,
  reader,
  runAction,
  shown,
  splitDown,
  splitRight,
  terminalFiles,
  terminalsOf,
  toggleReader,
  useEditorTexts,
} from '@/editor'
import type { MenuEntry } from '@/ui'
import { useTerminalPaneTexts } from './texts'

const GROUPS: readonly (readonly Action[])[] = [
  [copyFromTerminal, pasteIntoTerminal, findInTerminal, clearTerminal],
  [splitRight, splitDown, terminalFiles],
  [toggleReader],
]

/** The menu of a pane: its actions, the other terminals of the lab, and the end of its shell. */
export function paneMenu(editor: Editor, pane: Pane): readonly MenuEntry[] {
  const t = useTerminalPaneTexts.now()
  const names = useEditorTexts.now()
  const entry = (action: Action): NonNullable<MenuEntry> => ({
    key: action.id,
    label: action.label(names),
    shortcut: action.shortcuts?.[0] && shown(action.shortcuts[0]),
    disabled: !canRun(action, editor),
    checked: action === toggleReader ? reader.get() : undefined,
    onSelect: () => runAction(action, editor),
  })
  return [
    ...GROUPS.flatMap((group) => [...group.map(entry), null]),
    ...others(editor, pane),
    { ...entry(newTerminal), onSelect: () => openTerminal(editor, pane.namespace) },
    null,
    entry(closeTerminal),
    {
      key: 'end',
      label: t.end,
      danger: true,
      disabled: pane.terminal === null || !allows(editor, 'edit'),
      onSelect: () => end(editor, pane),
    },
  ]
}

/** Shells that this tab does not show: of others, or left running in the background. */
function others(editor: Editor, pane: Pane): MenuEntry[] {
  const t = useTerminalPaneTexts.now()
  const found = terminalsOf(editor).filter((one) => one.terminal !== pane.terminal)
  if (found.length === 0) return []
  const entries = found.map((one) => ({
    key: one.terminal,
    label: t.other(one.title || one.namespace, one.viewers ?? 0),
    onSelect: () => openTerminal(editor, one.namespace, one.terminal),
  }))
  return [{ key: 'others', label: t.others, disabled: true, onSelect: () => undefined }, ...entries, null]
}

function end(editor: Editor, { terminal }: Pane): void {
  const lab = editor.session.current.get()
  if (lab === null || terminal === null) return
  const asked = { type: 'close-terminal' as const, lab, terminal, force: true }
  editor.session.connection.request<'close-terminal'>(asked).done.catch((error) => editor.fail(error))
}
