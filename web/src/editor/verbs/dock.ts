/** Tabs of the dock: opened, changed, closed; and the room that the dock takes. */

import type { Editor } from '../kernel/editor'
import { DOCK_KEYS, DOCK_LEAST, DOCK_LEAST_WIDTH, type DockPanel, type DockTab } from '../state/dock'

/** One tab for each thing that can be looked at; terminals without an id are always new ones. */
function idOf(panel: DockPanel, tabs: readonly DockTab[]): string {
  switch (panel.kind) {
    case 'terminal': {
      if (panel.terminal !== undefined) return `terminal:${panel.terminal}`
      const taken = new Set(tabs.map((tab) => tab.id))
      let n = 1
      while (taken.has(`terminal-new:${n}`)) n += 1
      return `terminal-new:${n}`
    }
    case 'chains':
      return `chains:${panel.namespace}`
    default:
      return panel.kind
  }
}

/** Show this panel: the tab that has it, with what is new in `panel`, or a new tab. Returns the tab's id. */
export function openDock(editor: Editor, panel: DockPanel): string {
  const { tabs } = editor.dock.get()
  const id = idOf(panel, tabs)
  const known = tabs.find((tab) => tab.id === id)
  editor.dock.update((now) => ({
    ...now,
    tabs: known ? tabs.map((tab) => (tab.id === id ? { ...tab, panel } : tab)) : [...tabs, { id, panel }],
    active: id,
    hidden: false,
  }))
  return id
}

/** Closes a tab and activates its neighbour. */
export function closeDock(editor: Editor, id: string): void {
  editor.dock.update((now) => {
    const at = now.tabs.findIndex((tab) => tab.id === id)
    if (at < 0) return now
    const tabs = now.tabs.filter((tab) => tab.id !== id)
    const active = now.active === id ? (tabs[Math.min(at, tabs.length - 1)]?.id ?? null) : now.active
    return { ...now, tabs, active, maximised: now.maximised && tabs.length > 0 }
  })
}

/** Change a tab in place: its title, or its panel once the server has named what it shows. */
export function updateDockTab(
  editor: Editor,
  id: string,
  change: Partial<Pick<DockTab, 'panel' | 'title' | 'mark'>>,
): void {
  editor.dock.update((now) => ({ ...now, tabs: now.tabs.map((tab) => (tab.id === id ? { ...tab, ...change } : tab)) }))
}

export function activateDock(editor: Editor, id: string): void {
  editor.dock.update((now) => ({ ...now, active: id, hidden: false }))
}

export function resizeDock(editor: Editor, height: number): void {
  const most = Math.max(DOCK_LEAST, window.innerHeight - 160)
  const kept = Math.round(Math.min(Math.max(height, DOCK_LEAST), most))
  localStorage.setItem(DOCK_KEYS.height, String(kept))
  editor.dock.update((now) => ({ ...now, height: kept, maximised: false }))
}

/** As `resizeDock`, of the dock beside the canvas. */
export function widenDock(editor: Editor, width: number): void {
  const most = Math.max(DOCK_LEAST_WIDTH, window.innerWidth - 240)
  const kept = Math.round(Math.min(Math.max(width, DOCK_LEAST_WIDTH), most))
  localStorage.setItem(DOCK_KEYS.width, String(kept))
  editor.dock.update((now) => ({ ...now, width: kept, maximised: false }))
}

/** From the bottom of the page to its right, or back. */
export function moveDock(editor: Editor): void {
  const beside = !editor.dock.get().beside
  localStorage.setItem(DOCK_KEYS.beside, beside ? 'yes' : 'no')
  editor.dock.update((now) => ({ ...now, beside, maximised: false, hidden: false }))
}

export function maximiseDock(editor: Editor): void {
  editor.dock.update((now) => ({ ...now, maximised: !now.maximised }))
}

export function toggleDock(editor: Editor): void {
  editor.dock.update((now) => ({ ...now, hidden: !now.hidden }))
}
