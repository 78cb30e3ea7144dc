/** The layout of the packet-flow map, in CSS pixels. Pure: the map only draws it. */

import { type Hook, STOPS } from './hooks'

export interface Box {
  x: number
  y: number
  w: number
  h: number
}

/** A line of the picture, as the `d` of an SVG path; it is lively where packets pass the hook `after`. */
export interface Wire {
  d: string
  after: Hook | null
  arrow: boolean
}

export interface Picture {
  w: number
  h: number
  hooks: Readonly<Record<Hook, Box>>
  process: Box
  /** The two places where the kernel looks at its routes. */
  routing: readonly [Box, Box]
  wires: readonly Wire[]
  head: number
  row: number
}

/** What a picture is fitted into. */
export interface Room {
  width: number
  height: number
}

const EDGE = 24
const BEFORE = 66
const AFTER = 40
const GAP = 18
const PROCESS = 78
const DIAMOND = 30
const FIXED = 2 * EDGE + BEFORE + AFTER + 2 * GAP + PROCESS
const LEAST_CELL = 110
const MOST_CELL = 186

const clamp = (n: number, low: number, high: number): number => Math.min(Math.max(n, low), high)

/** The picture, as large as the room allows within what can be read, and met: no row is lower than `least`. */
export function picture({ width, height }: Room, least = 20): Picture {
  const cell = Math.floor(clamp((width - FIXED) / 4, LEAST_CELL, MOST_CELL))
  const rows = STOPS.OUTPUT.length + STOPS.FORWARD.length
  const row = Math.floor(clamp((height - 84) / rows, least, Math.max(least, 30)))
  const head = row + 4
  const tall = (hook: Hook): number => head + STOPS[hook].length * row + 6
  const gap = clamp(height - tall('OUTPUT') - tall('FORWARD') - 16, 14, 44)
  const top = 8
  const above = tall('OUTPUT')
  const bottom = top + above + gap
  const middle = top + above + gap / 2 + 4
  const x = { pre: EDGE, input: EDGE + cell + BEFORE }
  const processX = x.input + cell + GAP
  const outputX = processX + PROCESS + GAP
  const postX = outputX + cell + AFTER
  const inner = { from: x.input, to: outputX + cell }
  const box = (hook: Hook, at: { x: number; y: number }): Box => ({ ...at, w: cell, h: tall(hook) })
  const centred = (hook: Hook): number => clamp(middle - tall(hook) / 2, top, 9999)
  const hooks: Record<Hook, Box> = {
    PREROUTING: box('PREROUTING', { x: x.pre, y: centred('PREROUTING') }),
    INPUT: box('INPUT', { x: x.input, y: top + above - tall('INPUT') }),
    FORWARD: box('FORWARD', { x: (inner.from + inner.to - cell) / 2, y: bottom }),
    OUTPUT: box('OUTPUT', { x: outputX, y: top }),
    POSTROUTING: box('POSTROUTING', { x: postX, y: centred('POSTROUTING') }),
  }
  const process = { x: processX, y: top + above / 2 - 24, w: PROCESS, h: 48 }
  const diamond = (cx: number): Box => ({ x: cx - DIAMOND / 2, y: middle - DIAMOND / 2, w: DIAMOND, h: DIAMOND })
  const routing: [Box, Box] = [diamond(x.pre + cell + BEFORE / 2), diamond(outputX + cell + AFTER / 2 - 4)]
  const w = postX + cell + EDGE
  const h = bottom + tall('FORWARD') + 8
  return { w, h, hooks, process, routing, wires: wiresOf(hooks, process, routing, w), head, row }
}

const right = (b: Box): number => b.x + b.w
const midX = (b: Box): number => b.x + b.w / 2
const midY = (b: Box): number => b.y + b.h / 2

function wiresOf(hooks: Record<Hook, Box>, process: Box, [first, second]: readonly [Box, Box], width: number): Wire[] {
  const { PREROUTING: pre, INPUT: input, FORWARD: forward, OUTPUT: output, POSTROUTING: post } = hooks
  const y = midY(first)
  const wire = (d: string, after: Hook | null, arrow = true): Wire => ({ d, after, arrow })
  const level = midY(process)
  return [
    wire(`M 4 ${y} H ${pre.x - 2}`, 'PREROUTING'),
    wire(`M ${right(pre)} ${y} H ${first.x - 2}`, 'PREROUTING'),
    wire(bend(midX(first), first.y, input.x - 2, level), 'INPUT'),
    wire(bend(midX(first), first.y + first.h, forward.x - 2, midY(forward)), 'FORWARD'),
    wire(`M ${right(input)} ${level} H ${process.x - 2}`, 'INPUT'),
    wire(`M ${right(process)} ${level} H ${output.x - 2}`, 'OUTPUT'),
    wire(turn(right(output), level, midX(second), second.y - 2), 'OUTPUT'),
    wire(turn(right(forward), midY(forward), midX(second), second.y + second.h + 2), 'FORWARD', false),
    wire(`M ${right(second)} ${y} H ${post.x - 2}`, 'POSTROUTING'),
    wire(`M ${right(post)} ${y} H ${width - 6}`, 'POSTROUTING'),
  ]
}

const R = 10

/** Up or down first, then across. */
function bend(x: number, y: number, toX: number, toY: number): string {
  const s = Math.sign(toY - y) || 1
  return `M ${x} ${y} V ${toY - s * R} Q ${x} ${toY} ${x + R} ${toY} H ${toX}`
}

/** Across first, then up or down. */
function turn(x: number, y: number, toX: number, toY: number): string {
  const s = Math.sign(toY - y) || 1
  return `M ${x} ${y} H ${toX - R} Q ${toX} ${y} ${toX} ${y + s * R} V ${toY}`
}
