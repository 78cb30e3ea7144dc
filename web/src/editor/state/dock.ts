import type { Family, Table } from '@/protocol'
import type { Session } from '@/store'
import type { Value } from '@/ui/value'
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
  | { kind: 'compare' }
  | { kind: 'capture'; interfaces: readonly string[] }
  | { kind: 'journey'; source?: string | undefined; target?: string | undefined; shared?: string | undefined }

export type TerminalPanel = Extract<DockPanel, { kind: 'terminal' }>

export interface DockTab {
  id: string
  panel: DockPanel
  /** Set by the panel itself if the title of its kind is not enough. */
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

/** Where this browser keeps what was chosen, in local storage. */
export const DOCK_KEYS = {
  height: 'vethboard.dock',
  width: 'vethboard.dock.width',
  beside: 'vethboard.dock.beside',
} as const
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
    beside: localStorage.getItem(DOCK_KEYS.beside) === 'yes',
    height: stored(DOCK_KEYS.height, DOCK_LEAST, DOCK_FIRST),
    width: stored(DOCK_KEYS.width, DOCK_LEAST_WIDTH, DOCK_FIRST_WIDTH),
    maximised: false,
    hidden: false,
  }
}

const SHOWN = 'vethboard.dock.shown'

/** Each lab has its own tabs; a reload finds them again. */
export function keepDock(session: Session, dock: Value<DockState>): void {
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
