/** Where everything is drawn inside a namespace's card. Pure; canvas units, whole numbers, relative to the card's corner. */

import { nameOf } from '@/protocol'
import type { SceneNamespace } from '@/store'

export interface Box {
  x: number
  y: number
  w: number
  h: number
}

/** `columns`: on which borders of its card (or bridge) the chip's links may leave. */
export interface ChipBox extends Box {
  ref: string
  left: boolean
  right: boolean
}

export interface BridgeBox extends Box {
  ref: string
  ports: readonly ChipBox[]
}

/** `shift` is how far down the chips push the bridges: a bridge's placement is counted from there. */
export interface CardBox {
  w: number
  h: number
  shift: number
  lo: string | null
  chips: readonly ChipBox[]
  bridges: readonly BridgeBox[]
}

/** How many interfaces are in a card. */
export const inCard = ({ chips, bridges, lo }: CardBox): number =>
  chips.length + bridges.reduce((sum, bridge) => sum + 1 + bridge.ports.length, lo ? 1 : 0)

export type Place = (node: string) => { x: number; y: number } | undefined

export const PAD = 14
export const HEADER = 44
export const CHIP_H = 30
export const GAP = 6
/** With nothing but `lo` in it: still large enough to drop something on. */
const EMPTY_H = 82
const CARD_W = 260
const CHIP_W = CARD_W - 2 * PAD
const COLUMN_W = 200
/** More loose interfaces than this stand in two columns, so that each still touches a border. */
const ONE_COLUMN = 9

const BRIDGE_HEADER = 34
const BRIDGE_W = 208
const BRIDGE_PAD = 10
const PORT_W = 112
const PORT_H = 28
/** Where the first bridge stands that nobody has placed; as in `topology/edit/edit/layout.py`. */
const BRIDGE_X = 24
const BRIDGE_Y = 64
const BRIDGE_GAP = 14

/** The card of a namespace with all that is in it. `place` knows where bridges were put. */
export function cardBox(namespace: SceneNamespace, place: Place): CardBox {
  const loose = namespace.loose.filter((ref) => nameOf(ref) !== 'lo')
  const lo = namespace.loose.find((ref) => nameOf(ref) === 'lo') ?? null
  const twoColumns = loose.length > ONE_COLUMN
  const shift = rowsHeight(Math.ceil(loose.length / (twoColumns ? 2 : 1)))
  const bridges = bridgeBoxes(namespace, place, shift)
  const inside = Math.max(...bridges.map((b) => b.x + b.w + PAD), twoColumns ? 2 * (COLUMN_W + PAD) + GAP : CARD_W)
  const bottom = Math.max(
    ...bridges.map((b) => b.y + b.h + PAD),
    HEADER + shift + (loose.length > 0 ? PAD - GAP : 0),
    ...(bridges.length + loose.length === 0 ? [EMPTY_H] : []),
  )
  return { w: inside, h: bottom, shift, lo, chips: chipBoxes(loose, inside, twoColumns), bridges }
}

const rowsHeight = (rows: number): number => rows * (CHIP_H + GAP)

function chipBoxes(refs: readonly string[], width: number, twoColumns: boolean): ChipBox[] {
  const w = twoColumns ? Math.min(CHIP_W, Math.floor((width - 2 * PAD - GAP) / 2)) : width - 2 * PAD
  return refs.map((ref, i) => {
    const right = twoColumns && i % 2 === 1
    const row = twoColumns ? Math.floor(i / 2) : i
    const x = right ? width - PAD - w : PAD
    return { ref, x, y: HEADER + row * (CHIP_H + GAP), w, h: CHIP_H, left: !right, right: right || !twoColumns }
  })
}

function bridgeBoxes(namespace: SceneNamespace, place: Place, shift: number): BridgeBox[] {
  const wanted = namespace.bridges.map(({ ref, ports }, i) => {
    const at = place(ref) ?? { x: BRIDGE_X, y: BRIDGE_Y + i * 96 }
    const size = bridgeSize(ports.length)
    const y = Math.max(at.y, HEADER) + shift
    return { ref, ...size, x: Math.round(Math.max(at.x, PAD)), y: Math.round(y), ports: portBoxes(ports, size.w) }
  })
  const put: BridgeBox[] = []
  for (const box of wanted.sort((a, b) => a.y - b.y || a.x - b.x)) {
    let y = box.y
    // Earlier boxes are higher up: one pass downward is enough.
    for (const other of put) if (overlaps({ ...box, y }, other)) y = other.y + other.h + BRIDGE_GAP
    put.push({ ...box, y })
  }
  return put
}

const overlaps = (a: Box, b: Box): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h + BRIDGE_GAP && b.y < a.y + a.h + BRIDGE_GAP

const portColumns = (n: number): number => (n <= 4 ? Math.max(n, 1) : Math.max(4, Math.ceil(Math.sqrt(2 * n))))

function bridgeSize(ports: number): { w: number; h: number } {
  const columns = portColumns(ports)
  const rows = Math.ceil(ports / columns)
  const w = 2 * BRIDGE_PAD + columns * (PORT_W + GAP) - GAP
  return { w: Math.max(BRIDGE_W, w), h: BRIDGE_HEADER + (rows > 0 ? rows * (PORT_H + GAP) - GAP + BRIDGE_PAD : 4) }
}

/** Relative to the bridge. */
function portBoxes(refs: readonly string[], width: number): ChipBox[] {
  const columns = portColumns(refs.length)
  const across = columns * (PORT_W + GAP) - GAP
  const start = Math.floor((width - across) / 2)
  return refs.map((ref, i) => {
    const [column, row] = [i % columns, Math.floor(i / columns)]
    const x = start + column * (PORT_W + GAP)
    const y = BRIDGE_HEADER + row * (PORT_H + GAP)
    return { ref, x, y, w: PORT_W, h: PORT_H, left: column === 0, right: column === columns - 1 }
  })
}

const PITCH_X = 420
const PITCH_Y = 340
const TOP = 260

/** Places for what nobody has placed: the first for `host` if nothing is there, then on a grid below it where nothing stands. */
export function sparePlaces(taken: readonly { x: number; y: number }[]): () => { x: number; y: number } {
  const all = [...taken]
  const free = (p: { x: number; y: number }): boolean =>
    all.every((q) => Math.abs(q.x - p.x) >= PITCH_X * 0.75 || Math.abs(q.y - p.y) >= PITCH_Y * 0.6)
  const columns = Math.max(3, Math.ceil(Math.sqrt(taken.length)))
  let next = -1
  return () => {
    for (;;) {
      const at =
        next < 0 ? { x: 0, y: 0 } : { x: (next % columns) * PITCH_X, y: TOP + Math.floor(next / columns) * PITCH_Y }
      next += 1
      if (!free(at)) continue
      all.push(at)
      return at
    }
  }
}
