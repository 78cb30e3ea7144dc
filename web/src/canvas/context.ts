import { createContext, useContext } from 'react'
import { useEditor } from '@/editor'
import type { Mark } from '@/store'
import { usePart } from '@/ui'
import type { Point } from './anchors'
import type { Drags } from './drag'

/** What the parts of the canvas share. */
export interface CanvasTools {
  drags: Drags
  /** A point of the window, in canvas units. */
  toCanvas(at: Point): Point
  /** An end was dropped on a node. */
  dropEnd(ref: string, node: string | null): void
}

const Context = createContext<CanvasTools | null>(null)

export const CanvasProvider = Context.Provider

export function useCanvas(): CanvasTools {
  const tools = useContext(Context)
  if (!tools) throw new Error('useCanvas outside of the canvas')
  return tools
}

/** What edits that wait would do to this record. */
export function useStaged(id: string): Mark | undefined {
  return usePart(useEditor().lab.overlay.marks, (marks) => marks.get(id))
}
