import { expect, test } from 'vitest'
import { bestPair } from '@/canvas/model/anchors'
import { BoardBuilder, NO_OVERRIDES } from '@/canvas/model/board'
import { curveOf, pathOf } from '@/canvas/model/curve'
import { LabStore } from '@/store'
import { snapshot } from '../lab'

function opened(): LabStore {
  const lab = new LabStore()
  lab.reset(snapshot())
  return lab
}
const NONE: ReadonlySet<string> = new Set()

test('the board has a card for each namespace, bridges inside theirs, and a line for each pair', () => {
  const board = new BoardBuilder().build(opened(), NONE, NO_OVERRIDES)
  expect(board.nodes.map((n) => n.id)).toEqual(['host', 'host/br0', 'ns0', 'ns1', 'ns2'])
  expect(board.nodes.find((n) => n.id === 'host/br0')).toMatchObject({ kind: 'bridge', parent: 'host' })
  const pairs = board.lines.map((l) => `${l.a} ${l.b}`).sort()
  expect(pairs).toEqual(['host/veth2 ns0/eth0', 'ns0/veth0 ns1/veth1', 'ns1/veth9 ns2/veth9'])
})

test('a card holds its interfaces and bridges without one covering the other', () => {
  for (const node of new BoardBuilder().build(opened(), NONE, NO_OVERRIDES).nodes) {
    if (node.kind !== 'namespace') continue
    const boxes = [...node.card.chips, ...node.card.bridges]
    for (const [i, a] of boxes.entries()) {
      expect(a.x >= 0 && a.y >= 0 && a.x + a.w <= node.w && a.y + a.h <= node.h).toBe(true)
      for (const b of boxes.slice(i + 1)) {
        expect(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y).toBe(true)
      }
    }
  }
})

test('a change redraws what it changes and nothing else', () => {
  const [lab, builder] = [opened(), new BoardBuilder()]
  const before = builder.build(lab, NONE, NO_OVERRIDES)
  const placed = lab.desired.get('placement:ns2')
  if (placed?.kind !== 'placement') throw new Error('ns2 is not placed')
  lab.apply({ lab: 'demo', revision: 2, desired: { updated: { 'placement:ns2': [placed, { ...placed, x: 5 }] } } })
  const after = builder.build(lab, new Set(['namespace:ns0']), NO_OVERRIDES)
  const changed = after.nodes.filter((n) => !before.nodes.includes(n)).map((n) => n.id)
  expect(changed).toEqual(['ns0', 'ns2'])
  expect(after.lines.every((line) => before.lines.includes(line))).toBe(true)
})

test('a link is selected when both its ends are', () => {
  const ends = ['interface:ns0/veth0', 'interface:ns1/veth1']
  const lines = (ids: string[]) => new BoardBuilder().build(opened(), new Set(ids), NO_OVERRIDES).lines
  expect(lines(ends).filter((l) => l.selected)).toHaveLength(1)
  expect(lines(ends.slice(1)).filter((l) => l.selected)).toHaveLength(0)
})

test('a line leaves on the sides that face each other', () => {
  const sides = [
    { x: 0, y: 10, dx: -1, dy: 0 },
    { x: 100, y: 10, dx: 1, dy: 0 },
  ] as const
  const ends = bestPair(sides, sides, { x: 0, y: 0 }, { x: 400, y: 0 })
  expect(ends?.map((p) => p.x)).toEqual([100, 400])
  expect(ends && pathOf(curveOf(...ends))).toBe('M100 10C220 10 280 10 400 10')
})
