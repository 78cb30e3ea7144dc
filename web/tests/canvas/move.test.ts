import { expect, test } from 'vitest'
import { begin, MoveTool, step } from '@/canvas/input/move'
import { shapesAlong } from '@/canvas/layout/shapes'
import { BoardBuilder, type BoardNode, NO_OVERRIDES } from '@/canvas/model/board'
import type { AnyRecord } from '@/protocol'
import { LabStore } from '@/store'
import { snapshot } from '../lab'

const SIGHT = { seen: { x: -5000, y: -5000, w: 10_000, h: 10_000 }, zoom: 1 }
const KEYS = { grid: false, free: false }

function nodes(more: Record<string, AnyRecord> = {}): readonly BoardNode[] {
  const lab = new LabStore()
  const shot = snapshot()
  lab.reset({ ...shot, desired: { ...shot.desired, ...more } })
  return new BoardBuilder().build(lab, new Set(), NO_OVERRIDES).nodes
}
const AREA: AnyRecord = { kind: 'area', name: 'a', x: 380, y: -20, w: 700, h: 400 }

test('a node snaps to its neighbours (here their upper edge), not to the grid; with Alt to nothing', () => {
  const all = nodes()
  const begun = begin(all, new Set(['ns1']))
  const to = new Map([['ns1', { x: 804.4, y: 3 }]])
  expect(step(begun, to, KEYS, SIGHT).places.get('ns1')).toEqual({ x: 804, y: 0 })
  expect(step(begun, to, { ...KEYS, free: true }, SIGHT).places.get('ns1')).toEqual({ x: 804, y: 3 })
  expect(step(begun, new Map([['ns1', { x: 811, y: 33 }]]), { ...KEYS, grid: true }, SIGHT).places.get('ns1')).toEqual({
    x: 820,
    y: 40,
  })
})

test('an area takes what lies in it along, but nothing that is locked or stands across its border', () => {
  const all = nodes({ 'area:a': AREA, 'style:ns1': { kind: 'style', node: 'ns1', locked: true } })
  const { places } = step(
    begin(all, new Set(['area:a'])),
    new Map([['area:a', { x: 391, y: 1000 }]]),
    { ...KEYS, free: true },
    SIGHT,
  )
  expect(Object.fromEntries(places)).toEqual({ 'area:a': { x: 391, y: 1000 }, ns0: { x: 411, y: 1020 } })
})

test('a bridge snaps within its namespace only', () => {
  const all = nodes()
  const bridge = all.find((n) => n.id === 'host/br0')
  const at = { x: (bridge?.x ?? 0) + 7, y: (bridge?.y ?? 0) + 3 }
  expect(
    step(begin(all, new Set(['host/br0'])), new Map([['host/br0', at]]), KEYS, SIGHT).places.get('host/br0'),
  ).toEqual(at)
})

test('Escape gives a move up: what comes after it, and the drop, do nothing', () => {
  const tool = new MoveTool()
  const all = nodes()
  const to = new Map([['ns1', { x: 804, y: 3 }]])
  expect(tool.move(all, to, KEYS, SIGHT)?.get('ns1')).toEqual({ x: 804, y: 0 })
  expect(tool.guides.get().length).toBeGreaterThan(0)
  expect(tool.giveUp()).toEqual(['ns1'])
  expect(tool.move(all, to, KEYS, SIGHT)).toBeNull()
  expect(tool.drop(to)).toBeNull()
  expect(tool.guides.get()).toEqual([])
  expect(tool.drop(to)).toBe(to)
})

test('areas and notes are on the board, and redrawn only when they change', () => {
  const lab = new LabStore()
  const shot = snapshot()
  lab.reset({ ...shot, desired: { ...shot.desired, 'area:a': AREA } })
  const builder = new BoardBuilder()
  const before = builder.build(lab, new Set(), NO_OVERRIDES)
  expect(before.nodes.at(-1)).toMatchObject({ id: 'area:a', kind: 'area', w: 700 })
  lab.apply({ lab: 'demo', revision: 2, desired: { updated: { 'area:a': [AREA, { ...AREA, label: 'x' }] } } })
  const after = builder.build(lab, new Set(['area:a']), NO_OVERRIDES)
  expect(after.nodes.filter((n) => !before.nodes.includes(n)).map((n) => n.id)).toEqual(['area:a'])
  expect(after.nodes.at(-1)?.selected).toBe(true)
})

test('when nodes are arranged, an area stays around its own and a note gives way', () => {
  const note: AnyRecord = { kind: 'note', name: 'n', x: 2000, y: 2000, w: 100, h: 100, text: '' }
  const all = nodes({ 'area:a': { ...AREA, x: 700, w: 500 }, 'note:n': note })
  const ns1 = all.find((n) => n.id === 'ns1')
  const along = shapesAlong(all, new Map([['ns1', { x: 2010, y: 2010 }]]))
  const [area, beside] = [along.get('area:a'), along.get('note:n')]
  expect(area && ns1 && { left: 2010 - area.x, right: area.x + area.w - 2010 - ns1.w }).toEqual({ left: 28, right: 28 })
  expect(area && beside && beside.x >= area.x + area.w).toBe(true)
  expect(shapesAlong(all, new Map([['ns0', { x: -900, y: 0 }]]))).toEqual(new Map())
})
