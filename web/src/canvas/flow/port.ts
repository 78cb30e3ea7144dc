/** The interface between the canvas and React Flow. */

import type { Point } from '../model/anchors'
import type { BoardLine } from '../model/board'
import type { Box } from '../model/geometry'

/** The view: pixels = canvas units × zoom + (x, y). The size is in pixels. */
export interface FlowCamera {
  get(): { x: number; y: number; zoom: number; width: number; height: number }
  subscribe(listener: () => void): () => void
  /** A point of the window, in canvas units. */
  toCanvas(at: Point): Point
  /** Bring this point (canvas units) to the middle. */
  centre(at: Point): void
  /** By so many pixels. */
  panBy(by: Point): void
}

export interface FlowEvents {
  /** Nodes under the pointer; places relative to their parents. */
  onMove(places: ReadonlyMap<string, Point>): void
  /** As `onMove`, for a caller that draws the move itself: the snapped places; null if the move is over. */
  onAim(places: ReadonlyMap<string, Point>): ReadonlyMap<string, Point> | null
  /** The move was cancelled. */
  onGiveUp(): void
  /** They were let go at a point of the window. */
  onDrop(places: ReadonlyMap<string, Point>, at: Point): void
  /** What the pointer selected or deselected; `add`: keep the rest (Shift). */
  onSelect(change: { on: Picked[]; off: Picked[]; add: boolean }): void
  onClear(): void
  /** A double click on a node. */
  onOpen(node: string): void
}

export type Picked = { node: string } | { line: BoardLine }

/** The visible part of the canvas. */
export interface VisibleArea {
  seen: Box
  zoom: number
}

/** Commands to the view. Points of the window in pixels, others in canvas units. */
export interface FlowView {
  fit(): void
  /** Bring these nodes into view, as large as fits. */
  fitTo(nodes: readonly string[]): void
  zoomIn(): void
  zoomOut(): void
  zoomReset(): void
  centreOn(node: string): void
  /** Pan to the middle of a node; the zoom stays. */
  panTo(id: string): void
  /** Zooms out if this box is not completely visible. */
  include(box: { x: number; y: number; w: number; h: number }): void
  zoom(): number
  /** Draw everything at 100 %, until the function that it returns is called. */
  showAll(): Promise<() => void>
  toCanvas(at: Point): Point
  toWindow(at: Point): Point
  centre(): Point
  /** The visible part of the canvas, and the zoom. */
  visibleArea(): VisibleArea
}
