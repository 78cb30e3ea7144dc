/** Shells of the lab from the canvas and in the dock: opened, shown, left. */

import { HOST, type TerminalLive } from '@/protocol'
import { allows } from '../kernel/allowed'
import type { Editor } from '../kernel/editor'
import type { DockTab, TerminalPanel } from '../state/dock'
import { type Pane, type Panes, panesOf } from '../state/panes'
import { useAllowedTexts } from '../texts/allowed'
import { useTerminalTexts } from '../texts/terminal'
import { activateDock, openDock, toggleDock, updateDockTab } from './dock'

/** The panes of a terminal's tab; one that was opened without any has one. */
export const panesIn = (panel: TerminalPanel): Panes =>
  panel.panes ?? { pane: 'p1', namespace: panel.namespace, terminal: panel.terminal ?? null }

/** Show a terminal of the lab, or open a new one in this namespace. */
export function openTerminal(editor: Editor, namespace: string, terminal?: string): void {
  const tab = terminal === undefined ? undefined : tabOf(editor, terminal)
  if (tab) activateDock(editor, tab.id)
  else if (terminal === undefined && !allows(editor, 'edit')) watchTerminal(editor, namespace)
  else openDock(editor, { kind: 'terminal', namespace, terminal })
}

/** With a read-only token, shows the newest terminal instead of opening a new one. */
function watchTerminal(editor: Editor, namespace: string): void {
  const found = terminalsOf(editor).findLast((one) => one.namespace === namespace)
  if (found) openTerminal(editor, namespace, found.terminal)
  else editor.say('info', useAllowedTexts.now().noneToWatch(namespace))
}

function tabOf(editor: Editor, terminal: string): DockTab | undefined {
  return editor.dock
    .get()
    .tabs.find(({ panel }) => panel.kind === 'terminal' && panesOf(panesIn(panel)).some((p) => p.terminal === terminal))
}

/** Change the panes of a tab. */
export function setPanes(editor: Editor, tab: string, how: (panes: Panes) => Panes): void {
  const panel = editor.dock.get().tabs.find((t) => t.id === tab)?.panel
  if (panel?.kind === 'terminal') updateDockTab(editor, tab, { panel: { ...panel, panes: how(panesIn(panel)) } })
}

/** All terminals of the lab, as they were opened. */
export function terminalsOf(editor: Editor): TerminalLive[] {
  const number = (t: TerminalLive): number => Number(t.terminal.slice(1))
  return [...editor.lab.live.values()].filter((r) => r.kind === 'terminal').sort((a, b) => number(a) - number(b))
}

/** Ctrl-`: to the terminal, or away from it; the first time it opens one. */
export function toggleTerminal(editor: Editor): void {
  const { tabs, active, hidden } = editor.dock.get()
  const shown = tabs.find((tab) => tab.id === active)
  if (!hidden && shown?.panel.kind === 'terminal') {
    if (document.getElementById(`panel-${shown.id}`)?.contains(document.activeElement)) {
      toggleDock(editor)
      focusCanvas()
    } else editor.terminal.get()?.focus()
    return
  }
  const last = tabs.findLast((tab) => tab.panel.kind === 'terminal')
  if (last) activateDock(editor, last.id)
  else openTerminal(editor, HOST)
}

const focusCanvas = (): void =>
  document.querySelector<HTMLElement>('main button, main [tabindex="0"]')?.focus({ preventScroll: true })

/** Called when a pane is closed: an idle shell ends; one with a running program continues, and a toast says so. */
export function leavePanes(editor: Editor, panes: readonly Pane[]): void {
  for (const { terminal, namespace } of panes) if (terminal !== null) void leave(editor, terminal, namespace)
}

/** The same, of a whole tab. */
export const leaveTab = (editor: Editor, panel: TerminalPanel): void => leavePanes(editor, panesOf(panesIn(panel)))

async function leave(editor: Editor, terminal: string, namespace: string): Promise<void> {
  const lab = editor.session.current.get()
  if (lab === null || !allows(editor, 'edit')) return
  try {
    const { kept } = await editor.session.connection.request<'close-terminal'>({
      type: 'close-terminal',
      lab,
      terminal,
    }).done
    const t = useTerminalTexts.now()
    if (kept?.length) editor.say('info', t.kept(kept[0] ?? '', namespace), t.keptHint)
  } catch {
    // It is gone already, or the lab is.
  }
}
