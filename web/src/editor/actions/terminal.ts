/** Actions of terminals. Those on a pane work while it has the focus: its own keys are looked up here too. */

import type { Editor } from '../kernel/editor'
import { reader, type TerminalView } from '../state/terminal'
import { type TerminalTexts, useTerminalTexts } from '../texts/terminal'
import { selectedNamespaceOf } from '../verbs/selected'
import { openTerminal, toggleTerminal } from '../verbs/terminals'
import type { Action } from './action'

const live = (editor: Editor): boolean => editor.lab.meta.get().info?.state === 'live'
const t = useTerminalTexts.now

export const showTerminal: Action = {
  id: 'terminal',
  group: 'terminal',
  label: () => t().toggle,
  help: () => t().toggleHelp,
  shortcuts: ['Ctrl+`'],
  inFields: true,
  enabled: live,
  run: toggleTerminal,
}

export const newTerminal: Action = {
  id: 'new-terminal',
  group: 'terminal',
  needs: 'edit',
  label: () => t().open,
  help: () => t().openHelp,
  shortcuts: ['Shift+T', 'Ctrl+~'],
  enabled: live,
  run: (editor) => openTerminal(editor, selectedNamespaceOf(editor) ?? 'host'),
}

type Word = { [K in keyof TerminalTexts]: TerminalTexts[K] extends string ? K : never }[keyof TerminalTexts]

/** An action on the pane that has the focus. */
const onPane = (
  word: Word,
  shortcuts: readonly string[],
  run: (view: TerminalView) => void,
  more: Partial<Pick<Action, 'help' | 'needs'>> = {},
): Action => ({
  id: `terminal-${word}`,
  group: 'terminal',
  label: () => t()[word],
  ...more,
  shortcuts,
  enabled: (editor) => editor.terminal.get() !== null,
  run: (editor) => {
    const view = editor.terminal.get()
    if (view) run(view)
  },
})

const TYPES = { needs: 'edit' } as const

export const splitRight = onPane('right', ['Alt+Shift+ArrowRight'], (view) => view.split('right'), TYPES)
export const splitDown = onPane('down', ['Alt+Shift+ArrowDown'], (view) => view.split('down'), TYPES)
export const nextPane = onPane('next', ['Alt+ArrowRight', 'Alt+ArrowDown'], (view) => view.walk(1))
export const previousPane = onPane('previous', ['Alt+ArrowLeft', 'Alt+ArrowUp'], (view) => view.walk(-1))
export const findInTerminal = onPane('find', ['Mod+Shift+F'], (view) => view.find())
export const copyFromTerminal = onPane('copy', ['Mod+Shift+C'], (view) => view.copy())
export const pasteIntoTerminal = onPane('paste', ['Mod+Shift+V'], (view) => view.paste(), TYPES)
export const clearTerminal = onPane('clear', ['Mod+Shift+K'], (view) => view.clear())
export const terminalFiles = onPane('files', [], (view) => view.files(), TYPES)
export const closeTerminal = onPane('close', ['Mod+Shift+X'], (view) => view.close(), { help: () => t().closeHelp })
export const leaveTerminal = onPane('leave', ['Mod+Shift+ArrowUp'], (view) => view.leave(), {
  help: () => t().leaveHelp,
})

export const toggleReader: Action = {
  id: 'terminal-reader',
  group: 'terminal',
  label: () => t().reader,
  help: () => t().readerHelp,
  enabled: () => true,
  run: () => reader.update((on) => !on),
}

/** What keys do in a pane; everything else belongs to the shell. */
export const PANE_ACTIONS: readonly Action[] = [
  splitRight,
  splitDown,
  nextPane,
  previousPane,
  findInTerminal,
  copyFromTerminal,
  pasteIntoTerminal,
  clearTerminal,
  closeTerminal,
  leaveTerminal,
]

export const TERMINAL_ACTIONS: readonly Action[] = [
  showTerminal,
  newTerminal,
  ...PANE_ACTIONS,
  terminalFiles,
  toggleReader,
]
