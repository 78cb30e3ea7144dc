import type { LinkState } from '@/store'

/** What a link is, from its two ends: up only when both are. */
export function lineState(a: LinkState, b: LinkState): LinkState {
  if (a === 'pending' || b === 'pending') return 'pending'
  if (a === 'down' || b === 'down') return 'down'
  return a === 'up' && b === 'up' ? 'up' : 'no-carrier'
}
