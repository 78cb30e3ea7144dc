/** Draws a picture into a `<canvas>`. The same code draws the overview and the minimap. */

import { broken, type Curve } from '../model/curve'
import { type LineShape, meets, type Picture, type Shift, shifted } from '../model/picture'
import { paintDots, paintNode } from './cards'
import { type Colours, inkOf } from './colours'
import { type Camera, CURVES, type Marks, type Pass, ROUND, type Size, visibleBox } from './pass'
import { paintArea, paintLabel, paintNote } from './shapes'

/** Of what is only wanted; in pixels. */
const DASHES = [2, 4]
/** Of a line without carrier, in canvas units, and at least in pixels. */
const [GAP, GAP_PX] = [12, 6]

export function paint(
  ctx: CanvasRenderingContext2D,
  picture: Picture,
  { x, y, zoom }: Camera,
  size: Size,
  colours: Colours,
  marks: Marks,
  shift: Shift | null,
): void {
  const [area, target] = [visibleBox({ x, y, zoom }, size), marks.target()]
  const pass: Pass = { ctx, colours, zoom, area, marks, shift, target, dots: new Map() }
  ctx.save()
  ctx.transform(zoom, 0, 0, zoom, x, y)
  for (const shape of picture.shapes) if (shape.kind === 'area') paintArea(pass, shape)
  paintLines(pass, picture.lines)
  for (const node of picture.nodes) paintNode(pass, node)
  paintDots(pass)
  for (const shape of picture.shapes) {
    if (shape.kind === 'area') paintLabel(pass, shape)
    else paintNote(pass, shape)
  }
  ctx.restore()
}

interface Stroke {
  ink: string
  width: number
  dash: number[]
  alpha: number
  lines: Curve[]
}

/** One stroke for all lines that look the same. */
function paintLines(pass: Pass, lines: readonly LineShape[]): void {
  const { ctx, zoom, area, shift } = pass
  const [streams, strokes] = [new Map<string, Stroke>(), new Map<string, Stroke>()]
  for (const still of lines) {
    const shape = shift ? shifted(still, shift) : still
    if (!meets(shape, area)) continue
    addStream(pass, streams, still, shape)
    addStroke(pass, strokes, still, shape)
  }
  for (const { ink, width, dash, alpha, lines: curves } of [...streams.values(), ...strokes.values()]) {
    ctx.strokeStyle = ink
    ctx.lineWidth = width / zoom
    ctx.globalAlpha = alpha
    ctx.setLineDash(dash.map((d) => d / Math.max(zoom, 0.3)))
    trace(ctx, curves, zoom)
  }
  ctx.setLineDash([])
  ctx.globalAlpha = 1
}

/** How much runs over a line, as a pale width around it. */
function addStream({ colours, marks }: Pass, streams: Map<string, Stroke>, still: LineShape, shape: LineShape): void {
  const busy = marks.busy(still)
  if (busy === 0) return
  const stream = streams.get(`${busy}`)
  if (stream) stream.lines.push(shape)
  else streams.set(`${busy}`, { ink: colours.accent, width: 1 + busy, dash: [], alpha: 0.35, lines: [shape] })
}

function addStroke(pass: Pass, strokes: Map<string, Stroke>, still: LineShape, shape: LineShape): void {
  const { colours, zoom, marks } = pass
  const { kind, selected } = shape.line
  const state = kind === 'parent' ? 'pending' : marks.state(still)
  const staged = marks.stagedLine(still)
  const tint = selected || staged ? undefined : marks.tint(still)
  const key = `${kind} ${state} ${selected} ${tint ?? ''} ${staged ?? ''}`
  let stroke = strokes.get(key)
  if (!stroke) {
    const own = kind === 'parent' ? colours.dim : inkOf(colours, state)
    const usual = staged === 'removed' ? colours.problem : staged ? colours.accent : own
    const ink = selected ? colours.accent : tint === undefined ? usual : (colours.nets[tint] ?? usual)
    const alpha = state === 'pending' || state === 'down' ? 0.65 : 0.9
    const dash = (state === 'pending' || staged) && zoom >= ROUND ? DASHES : []
    stroke = { ink, width: selected ? 2 : 1, dash, alpha, lines: [] }
    strokes.set(key, stroke)
  }
  const open = state === 'no-carrier' && zoom >= CURVES
  stroke.lines.push(...(open ? broken(shape, Math.max(GAP, GAP_PX / zoom)) : [shape]))
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
