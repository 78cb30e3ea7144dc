/** What the painters of the overview share. */

import type { Style } from '@/protocol'
import type { LinkState, Mark } from '@/store'
import type { Point } from '../model/anchors'
import type { Box } from '../model/geometry'
import type { LineShape, NodeShape, Shift } from '../model/picture'
import type { Colours } from './colours'

/** Pixels = canvas units × zoom + (x, y). */
export interface Camera {
  x: number
  y: number
  zoom: number
}

export interface Size {
  width: number
  height: number
}

/** The name of a node's colour. */
export type Hue = NonNullable<Style['colour']>

/** What is drawn beside the picture itself. */
export interface Marks {
  state(line: LineShape): LinkState
  /** Of an interface, by ref. */
  stateOf(ref: string): LinkState
  found(node: NodeShape): boolean
  /** The node that a link is being drawn to, or something dragged. */
  target(): string | null
  /** Drift, a refused edit: drawn at the corner. */
  warned(node: NodeShape): 'drift' | 'refused' | undefined
  /** What edits that wait would do to it. */
  staged(node: NodeShape): Mark | undefined
  stagedLine(line: LineShape): Mark | undefined
  /** Only wanted: the kernel does not have it. */
  ghost(node: NodeShape): boolean
  hue(node: NodeShape): Hue | undefined
  /** Which of the subnets' colours. */
  tint(line: LineShape): number | undefined
  /** Width beyond the usual, in pixels: traffic. */
  busy(line: LineShape): number
}

/** One drawing. `area`: what of the canvas is seen; `target`: see Marks; `dots`: states of interfaces, drawn last. */
export interface Pass {
  ctx: CanvasRenderingContext2D
  colours: Colours
  zoom: number
  area: Box
  marks: Marks
  shift: Shift | null
  target: string | null
  dots: Map<LinkState, Point[]>
}

/** From these zooms on: curves instead of chords, round corners and dashes, the interfaces inside of cards, their states. */
export const CURVES = 0.12
export const ROUND = 0.16
export const INSIDE = 0.22
export const STATES = 0.28

export const font = (size: number, weight = 620): string =>
  `${weight} ${size}px "Inter Variable", system-ui, sans-serif`

/** The visible part of the canvas. */
export function visibleBox({ x, y, zoom }: Camera, { width, height }: Size): Box {
  return { x: -x / zoom, y: -y / zoom, w: width / zoom, h: height / zoom }
}
