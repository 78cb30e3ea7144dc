/** What is to be arranged, and where each part goes. Pure; canvas units. */

import type { Layout } from '@/editor'
import type { Point } from '../model/anchors'
import type { Board } from '../model/board'
import { around } from '../model/boxes'
import type { Box } from '../model/geometry'

export interface Part extends Box {
  id: string
}

/** Namespaces with their real sizes (bridges stay where they are inside of them), and which of them are linked. */
export interface Parts {
  nodes: readonly Part[]
  edges: readonly (readonly [string, string])[]
}

const GRID = 10
const GAP = 60

const namespaceOf = (node: string): string => node.split('/')[0] ?? node

/** The parts of a board: those that are `wanted`, all where less than two are; what is locked stays. */
export function partsOf(board: Board, wanted: ReadonlySet<string>): Parts {
  const all = board.nodes.filter((n) => n.kind === 'namespace' && !n.locked)
  const some = all.filter((n) => wanted.has(n.id))
  const nodes = (some.length < 2 ? all : some).map(({ id, x, y, w, h }) => ({ id, x, y, w, h }))
  const there = new Set(nodes.map((n) => n.id))
  const edges = new Map<string, readonly [string, string]>()
  for (const line of board.lines) {
    const [a, b] = [namespaceOf(line.from.node), namespaceOf(line.to.node)].sort()
    if (a !== undefined && b !== undefined && a !== b && there.has(a) && there.has(b)) edges.set(`${a} ${b}`, [a, b])
  }
  return { nodes, edges: [...edges.values()] }
}

/** The ELK graph. Options: https://eclipse.dev/elk/reference/options.html */
export function elkGraph({ nodes, edges }: Parts, layout: Layout) {
  return {
    id: 'root',
    layoutOptions: OPTIONS[layout] ?? {},
    children: nodes.map(({ id, x, y, w, h }) => ({ id, x, y, width: w, height: h })),
    edges: edges.map(([a, b], i) => ({ id: `e${i}`, sources: [a], targets: [b] })),
  }
}

const OPTIONS: Partial<Record<Layout, Record<string, string>>> = {
  layered: {
    'elk.algorithm': 'layered',
    'elk.direction': 'DOWN',
    'elk.spacing.nodeNode': `${GAP}`,
    'elk.layered.spacing.nodeNodeBetweenLayers': '110',
    'elk.spacing.componentComponent': '120',
  },
  tree: {
    'elk.algorithm': 'mrtree',
    'elk.direction': 'DOWN',
    'elk.spacing.nodeNode': `${GAP + 20}`,
    'elk.spacing.componentComponent': '120',
  },
  force: {
    'elk.algorithm': 'stress',
    'elk.stress.desiredEdgeLength': '460',
    'elk.spacing.componentComponent': '120',
  },
}

/** Stress does not know sizes: this moves apart what covers each other. */
export const APART = { 'elk.algorithm': 'sporeOverlap', 'elk.spacing.nodeNode': `${GAP}` }

/** Row by row, in the order of the board, each column as wide as its widest. */
export function grid(parts: readonly Part[]): Map<string, Point> {
  const columns = Math.max(1, Math.ceil(Math.sqrt(parts.length)))
  const width = (column: number): number =>
    Math.max(0, ...parts.filter((_, i) => i % columns === column).map((p) => p.w))
  const left = [0]
  for (let column = 1; column < columns; column += 1) left.push((left[column - 1] ?? 0) + width(column - 1) + GAP)
  const out = new Map<string, Point>()
  let y = 0
  for (let row = 0; row * columns < parts.length; row += 1) {
    const line = parts.slice(row * columns, (row + 1) * columns)
    for (const [column, { id }] of line.entries()) out.set(id, { x: left[column] ?? 0, y })
    y += Math.max(...line.map((p) => p.h)) + GAP
  }
  return out
}

/** On one circle, neighbours beside each other, each in a sector wide enough for it. */
export function circle({ nodes, edges }: Parts): Map<string, Point> {
  const order = walk(nodes, edges)
  const reach = order.map(({ w, h }) => (Math.hypot(w, h) + GAP) / 2)
  const sectors = (radius: number): number[] => reach.map((r) => 2 * Math.asin(r / radius))
  const whole = (radius: number): number => sectors(radius).reduce((a, b) => a + b, 0)
  let radius = Math.max(...reach)
  while (whole(radius) > 2 * Math.PI) radius *= 1.05
  const sector = sectors(radius).map((angle) => (angle * 2 * Math.PI) / whole(radius))
  const out = new Map<string, Point>()
  let angle = -Math.PI / 2
  for (const [i, { id, w, h }] of order.entries()) {
    const half = (sector[i] ?? 0) / 2
    angle += i === 0 ? 0 : half
    out.set(id, { x: radius * Math.cos(angle) - w / 2, y: radius * Math.sin(angle) - h / 2 })
    angle += half
  }
  return out
}

/** Depth first along the links, so that most links run to a neighbour. */
function walk(nodes: readonly Part[], edges: Parts['edges']): Part[] {
  const byId = new Map(nodes.map((n) => [n.id, n]))
  const next = new Map<string, string[]>()
  for (const [a, b] of edges) {
    next.set(a, [...(next.get(a) ?? []), b])
    next.set(b, [...(next.get(b) ?? []), a])
  }
  const out = new Map<string, Part>()
  for (const { id } of nodes) {
    const open = [id]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const node = byId.get(at)
      if (!node || out.has(at)) continue
      out.set(at, node)
      open.push(...(next.get(at) ?? []))
    }
  }
  return [...out.values()]
}

/** Where the parts go so that the middle of all stays where it was; on the canvas's grid. */
export function settled(parts: readonly Part[], places: ReadonlyMap<string, Point>): Map<string, Point> {
  const before = around(parts)
  const after = around(parts.map((p) => ({ ...p, ...places.get(p.id) })))
  if (!before || !after) return new Map()
  const dx = before.x + before.w / 2 - after.x - after.w / 2
  const dy = before.y + before.h / 2 - after.y - after.h / 2
  const snap = (v: number): number => Math.round(v / GRID) * GRID
  return new Map([...places].map(([id, at]) => [id, { x: snap(at.x + dx), y: snap(at.y + dy) }]))
}
