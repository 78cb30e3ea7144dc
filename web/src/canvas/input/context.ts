import { createContext, useContext } from 'react'
import type { Box } from '@/editor'
import type { Point } from '../model/anchors'
import type { Drags } from './drag'
import type { MoveTool } from './move'

/** Changing the size of an area or a note, by record id; canvas units. */
export interface ShapeTools {
  boxOf(id: string): Box | undefined
  toCanvas(at: Point): Point
  resizing(id: string, box: Box): void
  resize(id: string, box: Box): void
  forget(id: string): void
}

/** What the parts of the canvas share. */
export interface CanvasTools {
  drags: Drags
  move: MoveTool
  shapes: ShapeTools
  /** A point of the window, in canvas units. */
  toCanvas(at: Point): Point
  /** Give the focus back to what is selected. */
  refocus(): void
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
