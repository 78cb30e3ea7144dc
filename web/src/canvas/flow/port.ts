/** What the canvas and the library that draws it say to each other. */

import type { Point } from '../model/anchors'
import type { BoardLine } from '../model/board'
import type { Box } from '../model/geometry'

/** What of the canvas is seen: pixels = canvas units × zoom + (x, y). The size is in pixels. */
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
  /** As `onMove`, for who draws the move himself: where everything goes; null where nothing is moved any more. */
  onAim(places: ReadonlyMap<string, Point>): ReadonlyMap<string, Point> | null
  /** What is under the pointer stays where it was. */
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

/** What of the canvas is seen. */
export interface VisibleArea {
  seen: Box
  zoom: number
}

/** What the canvas can be told. Points of the window in pixels, others in canvas units. */
export interface FlowView {
  fit(): void
  /** Bring these nodes into view, as large as fits. */
  fitTo(nodes: readonly string[]): void
  zoomIn(): void
  zoomOut(): void
  zoomReset(): void
  centreOn(node: string): void
  /** Zoom out where this box is not seen whole. */
  include(box: { x: number; y: number; w: number; h: number }): void
  zoom(): number
  /** Draw everything at 100 %, until the function that it returns is called. */
  showAll(): Promise<() => void>
  toCanvas(at: Point): Point
  toWindow(at: Point): Point
  centre(): Point
  /** The part of the canvas that is seen, and how large. */
  visibleArea(): VisibleArea
}
