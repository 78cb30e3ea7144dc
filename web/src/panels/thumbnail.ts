/** A document drawn small. Pure. */

import { isBuiltin, isNode, type Json } from '@/protocol'

export interface Sketch {
  width: number
  height: number
  boxes: readonly { name: string; x: number; y: number; w: number; h: number; host: boolean; bridge: boolean }[]
  lines: readonly { x1: number; y1: number; x2: number; y2: number }[]
}

type Body = { [key: string]: Json }

const object = (value: Json | undefined): Body =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}

const word = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined)

const WIDTH = 260
const HEAD = 44
const ROW = 36
const SPACE = 40

/** Namespaces where the document places them, a line for each veth pair between two of them. */
export function sketch(document: Body): Sketch {
  const [namespaces, layout] = [object(document.namespaces), object(document.layout)]
  const boxes = Object.entries(namespaces).flatMap(([name, body], i) => {
    const interfaces = object(object(body).interfaces)
    const kinds = Object.values(interfaces).map((one) => word(object(one).kind))
    const shown = kinds.filter((kind) => kind !== undefined && !isBuiltin(kind))
    // an empty host only takes room
    if (shown.length === 0 && name === 'host') return []
    const [x, y] = Array.isArray(layout[name]) ? layout[name].map(Number) : [i * (WIDTH + SPACE), 0]
    const h = HEAD + ROW * Math.max(1, shown.length)
    return [{ name, x: x ?? 0, y: y ?? 0, w: WIDTH, h, host: name === 'host', bridge: kinds.some(isNode) }]
  })
  const left = Math.min(...boxes.map((b) => b.x))
  const top = Math.min(...boxes.map((b) => b.y))
  const placed = boxes.map((b) => ({ ...b, x: b.x - left, y: b.y - top }))
  return {
    width: Math.max(0, ...placed.map((b) => b.x + b.w)),
    height: Math.max(0, ...placed.map((b) => b.y + b.h)),
    boxes: placed,
    lines: lines(namespaces, placed),
  }
}

function lines(namespaces: Body, boxes: Sketch['boxes']): Sketch['lines'] {
  const middle = new Map(boxes.map((b) => [b.name, { x: b.x + b.w / 2, y: b.y + b.h / 2 }]))
  return Object.entries(namespaces).flatMap(([namespace, body]) =>
    Object.entries(object(object(body).interfaces)).flatMap(([name, one]) => {
      const { peer } = object(one)
      if (typeof peer !== 'string' || `${namespace}/${name}` > peer) return []
      const [a, b] = [middle.get(namespace), middle.get(peer.slice(0, peer.indexOf('/')))]
      return a && b ? [{ x1: a.x, y1: a.y, x2: b.x, y2: b.y }] : []
    }),
  )
}
