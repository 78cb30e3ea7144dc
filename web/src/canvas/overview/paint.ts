/** Draws a picture into a `<canvas>`. The same code draws the overview and the minimap. */

import { HOST, nameOf } from '@/protocol'
import type { LinkState } from '@/store'
import { broken, type Curve } from '../curve'
import type { Box } from '../geometry'
import { type Colours, inkOf } from './colours'
import { type LineShape, meets, type NodeShape, type Picture, type Shift, shifted, shiftOf } from './picture'

/** Pixels = canvas units × zoom + (x, y). */
export interface Camera {
  x: number
  y: number
  zoom: number
}

/** What is drawn beside the picture itself. */
export interface Marks {
  state(line: LineShape): LinkState
  selected(node: NodeShape): boolean
  found(node: NodeShape): boolean
  /** Drift, a refused edit: drawn at the corner. */
  warned(node: NodeShape): boolean
  /** Only wanted: the kernel does not have it. */
  ghost(node: NodeShape): boolean
  /** Which of the subnets' colours. */
  tint(line: LineShape): number | undefined
  /** Width beyond the usual, in pixels: traffic. */
  busy(line: LineShape): number
}

export interface Size {
  width: number
  height: number
}

/** From these zooms on: curves instead of chords, round corners and dashes, the interfaces inside of cards. */
const CURVES = 0.12
const ROUND = 0.16
const INSIDE = 0.22
/** A name that would be smaller (in pixels) is not drawn. */
const LEAST_TEXT = 6.5
const MAX_TEXT = 44

/** Of what is only wanted; in pixels. */
const DASHES = [2, 4]
/** Of a line without carrier, in canvas units. */
const GAP = 24

/** What of the canvas is seen. */
export function seen({ x, y, zoom }: Camera, { width, height }: Size): Box {
  return { x: -x / zoom, y: -y / zoom, w: width / zoom, h: height / zoom }
}

export function paint(
  ctx: CanvasRenderingContext2D,
  picture: Picture,
  camera: Camera,
  size: Size,
  colours: Colours,
  marks: Marks,
  shift: Shift | null,
): void {
  const area = seen(camera, size)
  ctx.save()
  ctx.transform(camera.zoom, 0, 0, camera.zoom, camera.x, camera.y)
  const far = { ctx, colours, zoom: camera.zoom, area, marks, shift }
  for (const shape of picture.shapes) paintShape(far, shape)
  paintLines(far, picture.lines)
  for (const node of picture.nodes) paintNode(far, node)
  ctx.restore()
}

/** An area with its label, or a note, behind all. */
function paintShape({ ctx, colours, zoom, area }: Pass, shape: Picture['shapes'][number]): void {
  if (!meets(shape, area)) return
  const hue = colours[shape.kind === 'area' ? (shape.area.colour ?? 'blue') : (shape.note.colour ?? 'yellow')]
  ctx.fillStyle = ctx.strokeStyle = hue
  ctx.lineWidth = (shape.selected ? 2.5 : 1) / zoom
  ctx.beginPath()
  ctx.roundRect(shape.x, shape.y, shape.w, shape.h, 14)
  ctx.globalAlpha = shape.kind === 'area' ? 0.08 : 0.2
  ctx.fill()
  ctx.globalAlpha = shape.selected ? 1 : 0.5
  ctx.stroke()
  ctx.globalAlpha = 1
  const size = Math.min(MAX_TEXT, shape.h / 4)
  if (shape.kind !== 'area' || size * zoom < LEAST_TEXT) return
  ctx.font = `600 ${size}px "Inter Variable", system-ui, sans-serif`
  ctx.textAlign = 'left'
  ctx.textBaseline = 'top'
  ctx.fillText(shape.area.label || shape.area.name, shape.x + 14, shape.y + 8, shape.w - 28)
}

interface Pass {
  ctx: CanvasRenderingContext2D
  colours: Colours
  zoom: number
  area: Box
  marks: Marks
  shift: Shift | null
}

/** One stroke for all lines that look the same. */
function paintLines(pass: Pass, lines: readonly LineShape[]): void {
  const { ctx, colours, zoom, area, marks, shift } = pass
  const groups = new Map<string, { ink: string; width: number; dash: number[]; alpha: number; lines: Curve[] }>()
  for (const still of lines) {
    const shape = shift ? shifted(still, shift) : still
    if (!meets(shape, area)) continue
    const { kind, selected } = shape.line
    const state = kind === 'parent' ? 'pending' : marks.state(still)
    const tint = selected ? undefined : marks.tint(still)
    const width = (selected ? 2.5 : zoom < CURVES || state === 'down' ? 1 : 1.5) + marks.busy(still)
    const key = `${kind} ${state} ${selected} ${tint ?? ''} ${width}`
    let group = groups.get(key)
    if (!group) {
      const usual = kind === 'parent' ? colours.dim : inkOf(colours, state)
      const ink = selected ? colours.accent : tint === undefined ? usual : (colours.nets[tint] ?? usual)
      const alpha = state === 'pending' || state === 'down' ? 0.65 : 0.9
      group = { ink, width, dash: state === 'pending' && zoom >= ROUND ? DASHES : [], alpha, lines: [] }
      groups.set(key, group)
    }
    group.lines.push(...(state === 'no-carrier' && zoom >= CURVES ? broken(shape, GAP) : [shape]))
  }
  for (const { ink, width, dash, alpha, lines: curves } of groups.values()) {
    ctx.strokeStyle = ink
    ctx.lineWidth = width / zoom
    ctx.globalAlpha = alpha
    ctx.setLineDash(dash.map((d) => d / Math.max(zoom, 0.3)))
    trace(ctx, curves, zoom)
  }
  ctx.setLineDash([])
  ctx.globalAlpha = 1
}

/** Very long paths take longer to fill in than several short ones. */
const AT_ONCE = 64

function trace(ctx: CanvasRenderingContext2D, curves: readonly Curve[], zoom: number): void {
  for (let i = 0; i < curves.length; i += AT_ONCE) {
    ctx.beginPath()
    for (const { a, b, c, d } of curves.slice(i, i + AT_ONCE)) {
      ctx.moveTo(a.x, a.y)
      if (zoom < CURVES) ctx.lineTo(d.x, d.y)
      else ctx.bezierCurveTo(b.x, b.y, c.x, c.y, d.x, d.y)
    }
    ctx.stroke()
  }
}

function paintNode(pass: Pass, node: NodeShape): void {
  const { ctx, colours, zoom, area, marks, shift } = pass
  const by = shiftOf(node, shift)
  const box = { x: node.x + by.x, y: node.y + by.y, w: node.w, h: node.h }
  if (!meets(box, area)) return
  const [selected, found, ghost] = [marks.selected(node), marks.found(node), marks.ghost(node)]
  const bridge = node.of.kind === 'bridge'
  ctx.fillStyle = selected || (node.id === HOST && !bridge) ? colours.soft : bridge ? colours.surface2 : colours.surface
  ctx.strokeStyle = selected ? colours.accent : found ? colours.warn : colours.strong
  ctx.lineWidth = (selected ? 2 : found ? 3 : 1) / zoom
  if (ghost) ctx.setLineDash([5 / zoom, 4 / zoom])
  if (zoom < ROUND) {
    ctx.fillRect(box.x, box.y, box.w, box.h)
    ctx.strokeRect(box.x, box.y, box.w, box.h)
  } else {
    ctx.beginPath()
    ctx.roundRect(box.x, box.y, box.w, box.h, bridge ? 8 : 12)
    ctx.fill()
    ctx.stroke()
  }
  if (ghost) ctx.setLineDash([])
  if (zoom >= INSIDE) paintInside(pass, node, box)
  if (marks.warned(node)) {
    ctx.fillStyle = colours.warn
    const r = 5 / zoom
    ctx.fillRect(box.x + box.w - r, box.y - r, 2 * r, 2 * r)
  }
  paintName(pass, node, box)
}

/** The interfaces as pale boxes, so that nothing jumps when the cards themselves take over. */
function paintInside({ ctx, colours }: Pass, node: NodeShape, box: Box): void {
  const chips = node.of.kind === 'namespace' ? node.of.card.chips : node.of.box.ports
  ctx.fillStyle = node.of.kind === 'namespace' ? colours.surface2 : colours.surface
  for (const chip of chips) ctx.fillRect(box.x + chip.x, box.y + chip.y, chip.w, chip.h)
}

function paintName({ ctx, colours, zoom }: Pass, node: NodeShape, box: Box): void {
  const bridge = node.of.kind === 'bridge'
  const name = bridge ? nameOf(node.id) : node.id
  const room = node.of.kind === 'namespace' && node.of.card.bridges.length > 0 ? 44 : box.h
  const size = Math.min(MAX_TEXT, room * 0.6, box.w / Math.max(4, name.length * 0.62), bridge ? 30 : MAX_TEXT)
  if (size * zoom < LEAST_TEXT) return
  ctx.fillStyle = colours.text
  ctx.font = `620 ${size}px "Inter Variable", system-ui, sans-serif`
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  const y = bridge ? Math.min(box.h, 34) / 2 : room / 2
  ctx.fillText(name, box.x + box.w / 2, box.y + y)
}
