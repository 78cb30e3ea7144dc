/** Where on the canvas a hop of a trace happens, and the path of a packet between two hops. Pure; canvas units. */

import type { Hop } from '@/protocol'
import { bestPair, type Point } from '../model/anchors'
import type { Board, BoardNode } from '../model/board'
import { curveOf, pathOf } from '../model/curve'
import { type Box, HEADER } from '../model/geometry'

type Node = Extract<BoardNode, { kind: 'namespace' | 'bridge' }>

/** The boxes of nodes and interfaces by name. */
export class HopBoxes {
  private readonly nodes = new Map<string, Node & { ax: number; ay: number }>()
  private readonly board: Board

  constructor(board: Board) {
    this.board = board
    for (const node of board.nodes) {
      if (node.kind === 'namespace') this.nodes.set(node.id, { ...node, ax: node.x, ay: node.y })
    }
    for (const node of board.nodes) {
      if (node.kind !== 'bridge') continue
      const parent = this.nodes.get(node.parent)
      this.nodes.set(node.id, { ...node, ax: node.x + (parent?.x ?? 0), ay: node.y + (parent?.y ?? 0) })
    }
  }

  /** The box of what a hop is about: an interface, a bridge, else the head of the namespace's card. */
  boxOf(hop: Hop): Box | null {
    const dev = hop.kind === 'in' || hop.kind === 'out' || hop.kind === 'bridge' ? hop.dev : undefined
    return (dev ? this.interface(`${hop.namespace}/${dev}`) : null) ?? this.head(hop.namespace)
  }

  private head(namespace: string): Box | null {
    const node = this.nodes.get(namespace)
    return node ? { x: node.ax, y: node.ay, w: node.w, h: HEADER } : null
  }

  private interface(ref: string): Box | null {
    for (const node of this.nodes.values()) {
      if (node.id === ref) return { x: node.ax, y: node.ay, w: node.w, h: node.h }
      const chips = node.kind === 'namespace' ? node.card.chips : node.kind === 'bridge' ? node.box.ports : []
      const chip = chips.find((c) => c.ref === ref)
      if (chip) return { x: node.ax + chip.x, y: node.ay + chip.y, w: chip.w, h: chip.h }
    }
    return null
  }

  /** The curve of the wire that leads from one end to the other, as an SVG path from `a` to `b`; null where there is none. */
  wire(a: string, b: string): string | null {
    for (const line of this.board.lines) {
      const along = line.a === a && line.b === b
      if (!along && !(line.a === b && line.b === a)) continue
      const [from, to] = [this.nodes.get(line.from.node), this.nodes.get(line.to.node)]
      if (!from || !to) return null
      const corner = (n: { ax: number; ay: number }): Point => ({ x: n.ax, y: n.ay })
      const ends = bestPair(line.from.options, line.to.options, corner(from), corner(to))
      if (!ends) return null
      const [start, end] = along ? ends : [ends[1], ends[0]]
      return pathOf(curveOf(start, end))
    }
    return null
  }
}

/** Where the packet is drawn at a box: on its left border, so that it covers no text. */
export const packetAt = (box: Box): Point => ({ x: box.x, y: box.y + box.h / 2 })

const ref = (hop: Hop): string => `${hop.namespace}/${hop.dev ?? ''}`

/** The ends of the wires that a trace has crossed up to and including hop `at`, in order: `out` of one end, `in` at the other. */
function crossings(hops: readonly Hop[], at: number): [string, string][] {
  const out: [string, string][] = []
  for (let i = 1; i <= at && i < hops.length; i += 1) {
    const [before, now] = [hops[i - 1], hops[i]]
    if (before?.kind === 'out' && now?.kind === 'in') out.push([ref(before), ref(now)])
  }
  return out
}

/** These wires as SVG paths, each as often as it was run over. */
export const wiresOf = (hopBoxes: HopBoxes, hops: readonly Hop[], at: number): string[] =>
  crossings(hops, at).flatMap(([a, b]) => hopBoxes.wire(a, b) ?? [])

/** The wires and boxes that were predicted for a trace but not reached. */
export function missedOf(
  hopBoxes: HopBoxes,
  seen: readonly Hop[],
  expected: readonly Hop[],
): { wires: string[]; boxes: Box[] } {
  const either = ([a, b]: [string, string]): string => [a, b].sort().join(' ')
  const ran = new Set(crossings(seen, seen.length).map(either))
  const missed = new Map(crossings(expected, expected.length).map((ends) => [either(ends), ends]))
  const came = new Set(seen.map((hop) => place(hopBoxes.boxOf(hop))))
  const boxes = new Map(expected.map((hop) => [place(hopBoxes.boxOf(hop)), hopBoxes.boxOf(hop)]))
  return {
    wires: [...missed].flatMap(([key, ends]) => (ran.has(key) ? [] : (hopBoxes.wire(...ends) ?? []))),
    boxes: [...boxes].flatMap(([at, box]) => (box && !came.has(at) ? [box] : [])),
  }
}

const place = (box: Box | null): string => (box ? `${box.x} ${box.y} ${box.w}` : '')
