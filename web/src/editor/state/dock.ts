import type { Family, Table } from '@/protocol'
import type { Editor } from '../kernel/editor'
import type { Panes } from './panes'

/** A chain that is to be shown. */
export interface ChainAt {
  family: Family
  table: Table
  name: string
}

/** What a tab of the dock shows. Entries of `src/dock/kinds.ts` draw them. */
export type DockPanel =
  | { kind: 'terminal'; namespace: string; terminal?: string | undefined; panes?: Panes | undefined }
  | { kind: 'chains'; namespace: string; at?: ChainAt | undefined }
  | { kind: 'source' }
  | { kind: 'plan' }
  | { kind: 'capture'; interfaces: readonly string[] }
  | { kind: 'journey'; source?: string | undefined; target?: string | undefined; shared?: string | undefined }

export interface DockTab {
  id: string
  panel: DockPanel
  /** Set by the panel itself where the kind's own title says too little. */
  title?: string | undefined
  /** Something wants to be seen there: a bell rang. */
  mark?: boolean | undefined
}

/** The tools at the bottom of the page, or (`beside`) at its right. `height` and `width` are in CSS pixels. `hidden` keeps the tabs, and
 * what runs in them. */
export interface DockState {
  tabs: readonly DockTab[]
  active: string | null
  beside: boolean
  height: number
  width: number
  maximised: boolean
  hidden: boolean
}

const KEY = 'vethboard.dock'
const KEY_WIDTH = 'vethboard.dock.width'
const KEY_BESIDE = 'vethboard.dock.beside'
export const DOCK_LEAST = 120
const DOCK_FIRST = 320
export const DOCK_LEAST_WIDTH = 340
const DOCK_FIRST_WIDTH = 560

export function emptyDock(): DockState {
  const stored = (key: string, least: number, first: number): number => {
    const found = Number(localStorage.getItem(key))
    return found >= least ? found : first
  }
  return {
    tabs: [],
    active: null,
    beside: localStorage.getItem(KEY_BESIDE) === 'yes',
    height: stored(KEY, DOCK_LEAST, DOCK_FIRST),
    width: stored(KEY_WIDTH, DOCK_LEAST_WIDTH, DOCK_FIRST_WIDTH),
    maximised: false,
    hidden: false,
  }
}

const SHOWN = 'vethboard.dock.shown'

/** Each lab has its own tabs; a reload finds them again. */
export function keepDock(editor: Editor): void {
  const { session, dock } = editor
  session.current.subscribe(() => dock.set({ ...emptyDock(), ...stored(session.current.get()) }))
  dock.subscribe(() => {
    const lab = session.current.get()
    const { tabs, active, hidden } = dock.get()
    if (lab !== null) sessionStorage.setItem(`${SHOWN}.${lab}`, JSON.stringify({ tabs, active, hidden }))
  })
}

/** What was written by `keepDock` of this page, or of an older version of it: then it counts for nothing. */
function stored(lab: string | null): Partial<DockState> {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(`${SHOWN}.${lab}`) ?? 'null')
    const known = found as Pick<DockState, 'tabs' | 'active' | 'hidden'> | null
    return known !== null && Array.isArray(known.tabs) && known.tabs.every((t) => t.panel.kind) ? known : {}
  } catch {
    return {}
  }
}

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

/** Close a tab; its neighbour comes to the front. */
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
  localStorage.setItem(KEY, String(kept))
  editor.dock.update((now) => ({ ...now, height: kept, maximised: false }))
}

/** As `resizeDock`, of the dock beside the canvas. */
export function widenDock(editor: Editor, width: number): void {
  const most = Math.max(DOCK_LEAST_WIDTH, window.innerWidth - 240)
  const kept = Math.round(Math.min(Math.max(width, DOCK_LEAST_WIDTH), most))
  localStorage.setItem(KEY_WIDTH, String(kept))
  editor.dock.update((now) => ({ ...now, width: kept, maximised: false }))
}

/** From the bottom of the page to its right, or back. */
export function moveDock(editor: Editor): void {
  const beside = !editor.dock.get().beside
  localStorage.setItem(KEY_BESIDE, beside ? 'yes' : 'no')
  editor.dock.update((now) => ({ ...now, beside, maximised: false, hidden: false }))
}

export function maximiseDock(editor: Editor): void {
  editor.dock.update((now) => ({ ...now, maximised: !now.maximised }))
}

export function toggleDock(editor: Editor): void {
  editor.dock.update((now) => ({ ...now, hidden: !now.hidden }))
}
