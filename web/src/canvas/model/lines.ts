import { interfaceId } from '@/protocol'
import type { LinkState, Mark } from '@/store'
import type { BoardLine } from './board'

/** What a link is, from its two ends: up only when both are. */
export function lineState(a: LinkState, b: LinkState): LinkState {
  if (a === 'pending' || b === 'pending') return 'pending'
  if (a === 'down' || b === 'down') return 'down'
  return a === 'up' && b === 'up' ? 'up' : 'no-carrier'
}

/** What edits that wait would do to a line: it goes with either end, and comes with one. `marks`: by record id. */
export function lineMark(marks: ReadonlyMap<string, Mark>, { a, b }: Pick<BoardLine, 'a' | 'b'>): Mark | undefined {
  if (marks.size === 0) return undefined
  const [one, other] = [marks.get(interfaceId(a)), marks.get(interfaceId(b))]
  if (one === 'removed' || other === 'removed') return 'removed'
  return one === 'added' || other === 'added' ? 'added' : undefined
}
