/** Draws namespaces and bridges as the cards look, so that nothing jumps when those take over. */

import { HOST, nameOf } from '@/protocol'
import type { Mark } from '@/store'
import type { Box } from '../geometry'
import { type Colours, inkOf, mixed } from './colours'
import { font, type Hue, INSIDE, type Pass, ROUND, STATES } from './pass'
import { meets, type NodeShape, shiftOf } from './picture'

/** A name that would be smaller (in pixels) is not drawn. */
const LEAST_TEXT = 6.5
const MAX_TEXT = 44
/** Near this zoom borders are as pale as those of the cards; farther away paler ones would be lost. */
const PALE = 0.4

export function paintNode(pass: Pass, node: NodeShape): void {
  const { ctx, zoom, area, marks, shift } = pass
  const by = shiftOf(node, shift)
  const box = { x: node.x + by.x, y: node.y + by.y, w: node.w, h: node.h }
  if (!meets(box, area)) return
  const staged = marks.staged(node)
  const ghost = marks.ghost(node)
  ctx.globalAlpha = staged === 'removed' ? 0.6 : 1
  ctx.fillStyle = fillOf(pass, node, box)
  if (ghost) ctx.globalAlpha *= 0.65
  outline(ctx, zoom, node, box)
  ctx.fill()
  if (ghost) ctx.globalAlpha /= 0.65
  border(pass, node, ghost)
  ctx.stroke()
  ctx.setLineDash([])
  const hue = marks.hue(node)
  if (hue && node.of.kind === 'namespace' && zoom >= ROUND) {
    ctx.fillStyle = pass.colours[hue]
    ctx.fillRect(box.x + 8, box.y, box.w - 16, Math.max(3, 1.5 / zoom))
  }
  if (zoom >= INSIDE) paintInside(pass, node, box)
  paintName(pass, node, box, staged === 'removed')
  ctx.globalAlpha = 1
  if (staged) paintStaged(pass, box, staged)
  const warned = marks.warned(node)
  if (!warned) return
  ctx.fillStyle = warned === 'drift' ? pass.colours.warn : pass.colours.problem
  const r = 5 / zoom
  ctx.fillRect(box.x + box.w - r, box.y - r, 2 * r, 2 * r)
}

function outline(ctx: CanvasRenderingContext2D, zoom: number, node: NodeShape, box: Box): void {
  ctx.beginPath()
  if (zoom < ROUND) ctx.rect(box.x, box.y, box.w, box.h)
  else ctx.roundRect(box.x, box.y, box.w, box.h, node.of.kind === 'bridge' ? 9 : 12)
}

function fillOf({ ctx, colours, zoom, marks }: Pass, node: NodeShape, box: Box): string | CanvasGradient {
  const hue = marks.hue(node)
  const bridge = node.of.kind === 'bridge'
  const ground = bridge ? colours.surface2 : colours.surface
  if (marks.over(node)) return mixed(colours.accent, 0.12, ground)
  const top = node.id === HOST ? colours.host : hue && mixed(colours[hue], bridge ? 0.1 : 0.11, ground)
  if (top === undefined || bridge) return top ?? ground
  if (zoom < ROUND) return hue ? mixed(colours[hue], 0.2, ground) : top
  const gradient = ctx.createLinearGradient(0, box.y, 0, box.y + (hue ? 60 : 48))
  gradient.addColorStop(0, top)
  gradient.addColorStop(1, ground)
  return gradient
}

function border({ ctx, colours, zoom, marks }: Pass, node: NodeShape, ghost: boolean): void {
  const { selected } = node.of
  const [found, over] = [marks.found(node), marks.over(node)]
  ctx.strokeStyle =
    selected || over ? colours.accent : found ? colours.warn : borderOf(colours, zoom, node, marks.hue(node))
  ctx.lineWidth = (over || found ? 3 : selected ? 2 : 1) / zoom
  if (ghost && zoom >= ROUND) ctx.setLineDash([5 / zoom, 4 / zoom])
}

function borderOf(colours: Colours, zoom: number, node: NodeShape, hue: Hue | undefined): string {
  if (node.of.kind === 'bridge') return mixed(hue ? colours[hue] : colours.strong, 0.7, colours.surface2)
  if (hue && zoom < ROUND) return colours[hue]
  if (zoom < ROUND) return colours.strong
  const pale = node.id === HOST ? colours.hostLine : colours.line
  return zoom >= PALE ? pale : mixed(colours.strong, (PALE - zoom) / (PALE - ROUND), pale)
}

/** The interfaces as pale boxes with their states. */
function paintInside({ ctx, colours, zoom, marks, dots }: Pass, node: NodeShape, box: Box): void {
  const chips = node.of.kind === 'namespace' ? node.of.card.chips : node.of.box.ports
  ctx.fillStyle = node.of.kind === 'namespace' ? colours.surface2 : colours.surface
  for (const chip of chips) {
    const [x, y] = [box.x + chip.x, box.y + chip.y]
    ctx.fillRect(x, y, chip.w, chip.h)
    if (zoom < STATES) continue
    const state = marks.stateOf(chip.ref)
    const at = { x: x + 14, y: y + chip.h / 2 }
    const list = dots.get(state)
    if (list) list.push(at)
    else dots.set(state, [at])
  }
}

const DOT_R = 4

/** One path for all interfaces of one state: full where they are up, a ring where they are not. */
export function paintDots({ ctx, colours, dots }: Pass): void {
  ctx.lineWidth = 1.8
  for (const [state, places] of dots) {
    ctx.fillStyle = ctx.strokeStyle = inkOf(colours, state)
    ctx.beginPath()
    for (const { x, y } of places) {
      ctx.moveTo(x + DOT_R, y)
      ctx.arc(x, y, DOT_R, 0, 2 * Math.PI)
    }
    if (state === 'up' || state === 'no-carrier') ctx.fill()
    else ctx.stroke()
  }
}

function paintName({ ctx, colours, zoom }: Pass, node: NodeShape, box: Box, struck: boolean): void {
  const bridge = node.of.kind === 'bridge'
  const name = bridge ? nameOf(node.id) : node.id
  const room = node.of.kind === 'namespace' && node.of.card.bridges.length > 0 ? 44 : box.h
  const size = Math.min(MAX_TEXT, room * 0.6, box.w / Math.max(4, name.length * 0.62), bridge ? 30 : MAX_TEXT)
  if (size * zoom < LEAST_TEXT) return
  ctx.fillStyle = colours.text
  ctx.font = font(size)
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  const [x, y] = [box.x + box.w / 2, box.y + (bridge ? Math.min(box.h, 34) : room) / 2]
  ctx.fillText(name, x, y)
  const w = name.length * 0.6 * size
  if (struck) ctx.fillRect(x - w / 2, y, w, 1.5 / zoom)
}

const SIGNS: Record<Mark, string> = { added: '+', updated: '~', removed: '−' }

/** What waits, by its sign beside the colour. */
function paintStaged({ ctx, colours, zoom }: Pass, box: Box, staged: Mark): void {
  const ink = staged === 'removed' ? colours.problem : colours.accent
  const r = Math.max(8, 5 / zoom)
  ctx.strokeStyle = ctx.fillStyle = ink
  ctx.lineWidth = 2 / zoom
  ctx.strokeRect(box.x - 2, box.y - 2, box.w + 4, box.h + 4)
  const [x, y] = [box.x + box.w - 10 - r, box.y]
  ctx.beginPath()
  ctx.arc(x, y, r, 0, 2 * Math.PI)
  ctx.fill()
  ctx.fillStyle = colours.onAccent
  ctx.font = font(1.5 * r, 700)
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  ctx.fillText(SIGNS[staged], x, y)
}
