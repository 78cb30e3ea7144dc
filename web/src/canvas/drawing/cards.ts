/** Draws namespaces and bridges as the cards look, so that nothing jumps when those take over. */

import { HOST, nameOf } from '@/protocol'
import type { Mark } from '@/store'
import type { Box } from '../model/geometry'
import { meets, type NodeShape, shiftOf } from '../model/picture'
import { type Colours, inkOf, mixed } from './colours'
import { font, type Hue, INSIDE, type Pass, ROUND, STATES } from './pass'

/** A name that would be smaller (in pixels) is not drawn. */
const LEAST_TEXT = 6.5
const MAX_TEXT = 44
/** Near this zoom borders are as pale as those of the cards; farther away paler ones would be lost. */
const PALE = 0.4

/** What is asked once of a node. */
interface Looks {
  hue: Hue | undefined
  ghost: boolean
  over: boolean
  bridge: boolean
}

export function paintNode(pass: Pass, node: NodeShape): void {
  const { ctx, zoom, area, marks, shift } = pass
  const by = shiftOf(node, shift)
  const box = { x: node.x + by.x, y: node.y + by.y, w: node.w, h: node.h }
  if (!meets(box, area)) return
  const bridge = node.of.kind === 'bridge'
  const looks = { hue: marks.hue(node), ghost: marks.ghost(node), over: pass.target === node.id, bridge }
  const staged = marks.staged(node)
  if (staged === 'removed') ctx.globalAlpha = 0.6
  paintBox(pass, node, box, looks)
  if (looks.hue && !bridge && zoom >= ROUND) {
    ctx.fillStyle = pass.colours[looks.hue]
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

function paintBox(pass: Pass, node: NodeShape, box: Box, looks: Looks): void {
  const { ctx, zoom } = pass
  const alpha = ctx.globalAlpha
  ctx.fillStyle = fillOf(pass, node, box, looks)
  border(pass, node, looks)
  if (looks.ghost) ctx.globalAlpha = alpha * 0.65
  if (zoom < ROUND) {
    ctx.fillRect(box.x, box.y, box.w, box.h)
    ctx.globalAlpha = alpha
    ctx.strokeRect(box.x, box.y, box.w, box.h)
    return
  }
  ctx.beginPath()
  ctx.roundRect(box.x, box.y, box.w, box.h, looks.bridge ? 9 : 12)
  ctx.fill()
  ctx.globalAlpha = alpha
  if (looks.ghost) ctx.setLineDash([5 / zoom, 4 / zoom])
  ctx.stroke()
  if (looks.ghost) ctx.setLineDash([])
}

function fillOf({ ctx, colours, zoom }: Pass, node: NodeShape, box: Box, looks: Looks): string | CanvasGradient {
  const { hue, bridge, over } = looks
  const ground = bridge ? colours.surface2 : colours.surface
  if (over) return mixed(colours.accent, 0.12, ground)
  if (bridge) return hue ? mixed(colours[hue], 0.1, ground) : ground
  if (!hue && node.id !== HOST) return ground
  if (zoom < ROUND) return hue ? mixed(colours[hue], 0.2, ground) : colours.host
  const gradient = ctx.createLinearGradient(0, box.y, 0, box.y + (hue ? 60 : 48))
  gradient.addColorStop(0, hue ? mixed(colours[hue], 0.11, ground) : colours.host)
  gradient.addColorStop(1, ground)
  return gradient
}

function border({ ctx, colours, zoom, marks }: Pass, node: NodeShape, looks: Looks): void {
  const { selected } = node.of
  const found = marks.found(node)
  const usual = selected || looks.over ? colours.accent : found ? colours.warn : undefined
  ctx.strokeStyle = usual ?? borderOf(colours, zoom, node, looks)
  ctx.lineWidth = (looks.over || (found && zoom < ROUND) ? 3 : found || selected ? 2 : 1) / zoom
}

function borderOf(colours: Colours, zoom: number, node: NodeShape, { hue, bridge }: Looks): string {
  if (zoom < ROUND) return hue ? colours[hue] : colours.strong
  if (bridge) return mixed(hue ? colours[hue] : colours.strong, 0.7, colours.surface2)
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
  const around = node.of.kind === 'namespace' && node.of.card.bridges.length > 0
  const room = around ? 44 : box.h
  const size = Math.min(
    MAX_TEXT,
    room * (around ? 0.8 : 0.6),
    box.w / Math.max(4, name.length * 0.62),
    bridge ? 30 : MAX_TEXT,
  )
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
  if (zoom >= ROUND) ctx.setLineDash([6 / zoom, 4 / zoom])
  ctx.beginPath()
  ctx.roundRect(box.x - 2, box.y - 2, box.w + 4, box.h + 4, 12)
  ctx.stroke()
  ctx.setLineDash([])
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
