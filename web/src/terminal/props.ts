import type { CSSProperties } from 'react'
import type { Pane, SplitDirection } from '@/editor'

/** The props that a pane gets from its tab. */
export interface PaneProps {
  tab: string
  pane: Pane
  active: boolean
  focused: boolean
  style: CSSProperties
  onFocus: () => void
  onSplit: (way: SplitDirection) => void
  onWalk: (by: number) => void
  /** `ended`: the shell is gone already. */
  onClose: (ended: boolean) => void
}
