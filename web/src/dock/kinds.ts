import { Braces, GitCompare, ListChecks, type LucideIcon, Radar, Route, ShieldHalf, Terminal } from 'lucide-react'
import { type ComponentType, type LazyExoticComponent, lazy } from 'react'
import { type DockPanel, type Editor, leaveTab } from '@/editor'
import type { DockTexts } from './texts'

/** What a panel's component is given. `active`: it is the tab in front; the others stay mounted, hidden. */
export interface DockPanelProps<K extends DockPanel['kind'] = DockPanel['kind']> {
  tab: string
  panel: Extract<DockPanel, { kind: K }>
  active: boolean
}

/** One kind of panel: its code is loaded when it is first opened. */
export interface DockKind<K extends DockPanel['kind'] = DockPanel['kind']> {
  icon: LucideIcon
  title: (t: DockTexts, panel: Extract<DockPanel, { kind: K }>) => string
  component: LazyExoticComponent<ComponentType<DockPanelProps<K>>>
  /** A person closed the tab: what it showed is no longer needed. */
  onClose?: (editor: Editor, panel: Extract<DockPanel, { kind: K }>) => void
}

export const KINDS: { readonly [K in DockPanel['kind']]?: DockKind<K> } = {
  source: { icon: Braces, title: (t) => t.source, component: lazy(() => import('@/source/SourcePanel')) },
  plan: { icon: ListChecks, title: (t) => t.plan, component: lazy(() => import('@/source/PlanPanel')) },
  compare: { icon: GitCompare, title: (t) => t.compare, component: lazy(() => import('@/source/ComparePanel')) },
  chains: {
    icon: ShieldHalf,
    title: (t, { namespace }) => t.chainsOf(namespace),
    component: lazy(() => import('@/chains')),
  },
  terminal: {
    icon: Terminal,
    title: (_, panel) => panel.namespace,
    component: lazy(() => import('@/terminal')),
    onClose: leaveTab,
  },
  journey: { icon: Route, title: (t) => t.journey, component: lazy(() => import('@/journey')) },
  capture: { icon: Radar, title: (t) => t.capture, component: lazy(() => import('@/capture')) },
}
