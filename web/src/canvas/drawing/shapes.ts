/** Draws areas and notes as they look near by; what is written on them stays readable. */

import type { ShapeNode } from '../model/board'
import type { Box } from '../model/geometry'
import { meets, shiftOf } from '../model/picture'
import { labelOf, type ShapeLabel } from '../model/shapeLabels'
import { mixed } from './colours'
import { font, type Pass } from './pass'

type Area = Extract<ShapeNode, { kind: 'area' }>
type Note = Extract<ShapeNode, { kind: 'note' }>

export function paintArea(pass: Pass, area: Area): void {
  const { ctx, colours, zoom } = pass
  const { box } = placed(pass, area)
  if (!meets(box, pass.area)) return
  ctx.beginPath()
  ctx.roundRect(box.x, box.y, box.w, box.h, 14)
  ctx.fillStyle = ctx.strokeStyle = colours[area.area.colour ?? 'blue']
  ctx.globalAlpha = 0.06
  ctx.fill()
  ctx.globalAlpha = area.selected ? 1 : 0.42
  ctx.lineWidth = (area.selected ? 2 : 1) / zoom
  ctx.stroke()
  ctx.globalAlpha = 1
}

const TAB_R = 8

/** Over all: what lies around leaves it no room. */
export function paintLabel(pass: Pass, area: Area): void {
  const { ctx, colours } = pass
  const { box, label } = placed(pass, area)
  if (!label || !meets(label, pass.area)) return
  const hue = colours[area.area.colour ?? 'blue']
  ctx.fillStyle = mixed(hue, 0.16, colours.canvas)
  ctx.beginPath()
  const above = label.y < box.y - 1
  ctx.roundRect(label.x, label.y, label.w, label.h, above ? [TAB_R, TAB_R, 0, 0] : [0, 0, TAB_R, TAB_R])
  ctx.fill()
  write(pass, label, mixed(hue, 0.78, colours.text))
}

export function paintNote(pass: Pass, note: Note): void {
  const { ctx, colours, zoom } = pass
  const { box, label } = placed(pass, note)
  if (!meets(box, pass.area)) return
  const hue = colours[note.note.colour ?? 'yellow']
  ctx.beginPath()
  ctx.roundRect(box.x, box.y, box.w, box.h, 9)
  ctx.fillStyle = mixed(hue, 0.13, colours.surface)
  ctx.fill()
  ctx.strokeStyle = note.selected ? hue : mixed(hue, 0.35, colours.canvas)
  ctx.lineWidth = (note.selected ? 2 : 1) / zoom
  ctx.stroke()
  if (label) write(pass, label, colours.text)
}

/** Where it is drawn while it is dragged. */
function placed({ zoom, shift }: Pass, shape: ShapeNode): { box: Box; label: ShapeLabel | null } {
  const by = shiftOf(shape, shift)
  const box = { x: shape.x + by.x, y: shape.y + by.y, w: shape.w, h: shape.h }
  const label = labelOf(shape, zoom)
  return { box, label: label && { ...label, x: label.x + by.x, y: label.y + by.y } }
}

function write({ ctx }: Pass, { text, size, x, y, w, h }: ShapeLabel, ink: string): void {
  ctx.fillStyle = ink
  ctx.font = font(size)
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  ctx.fillText(text, x + w / 2, y + h / 2, w)
}
