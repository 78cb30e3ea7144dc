/** What a card or a chip shows beside its own record. */

import { useEditor } from '@/editor'
import { type Mark, useInterface } from '@/store'
import { usePart } from '@/ui'
import type { BoardLine } from '../model/board'
import { lineMark } from '../model/lines'

/** Whether the search found this record. */
export function useIsFound(id: string): boolean {
  return usePart(useEditor().found, (ids) => ids.has(id))
}

/** What edits that wait would do to this record. */
export function useStaged(id: string): Mark | undefined {
  return usePart(useEditor().lab.overlay.marks, (marks) => marks.get(id))
}

/** What edits that wait would do to a line: it goes with either end, and comes with one. */
export function useStagedLine(line: BoardLine): Mark | undefined {
  return usePart(useEditor().lab.overlay.marks, (marks) => lineMark(marks, line))
}

/** States in which a port lets no frame pass although it has carrier. */
const CLOSED: ReadonlySet<string> = new Set(['blocking', 'listening', 'learning'])

/** What the spanning tree says of a bridge's port where it holds frames back. */
export function useClosed(ref: string): string | undefined {
  const state = useInterface(useEditor().lab, ref)?.live?.port_state ?? ''
  return CLOSED.has(state) ? state : undefined
}
