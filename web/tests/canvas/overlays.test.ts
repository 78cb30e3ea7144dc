import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fitting } from '@/canvas/chrome/Minimap'
import { circle, elkGraph, grid, partsOf, settled } from '@/canvas/layout/graph'
import { BoardBuilder, NO_OVERRIDES } from '@/canvas/model/board'
import { around, meets } from '@/canvas/model/boxes'
import { along } from '@/canvas/model/curve'
import { boxOf, placeLabels } from '@/canvas/model/endLabels'
import { lineMark } from '@/canvas/model/lines'
import { Picture } from '@/canvas/model/picture'
import { netOf, subnetsOf } from '@/canvas/model/subnets'
import { find } from '@/editor'
import type { Mark } from '@/store'
import { LabStore } from '@/store'
import { snapshot } from '../lab'

function opened(): LabStore {
  const lab = new LabStore()
  lab.reset(snapshot())
  return lab
}
const boardOf = (lab: LabStore) => new BoardBuilder().build(lab, new Set(), NO_OVERRIDES)

test('found by name, address, MAC address; whole names first', () => {
  const lab = opened()
  expect(find(lab, 'ns1')[0]).toEqual({ id: 'namespace:ns1', name: 'ns1', why: '' })
  expect(find(lab, '10.0.1.2').map((f) => f.id)).toEqual(['interface:ns1/veth1'])
  expect(find(lab, '02:00:00:00:00:05')[0]).toMatchObject({ id: 'interface:ns0/veth0', why: '02:00:00:00:00:05' })
  expect(find(lab, 'VETH0')[0]?.id).toBe('interface:ns0/veth0')
  expect(find(lab, 'ns0 10.0.1').map((f) => f.id)).toEqual(['interface:ns0/veth0'])
  expect(find(lab, 'bridge').map((f) => f.id)).toEqual(['interface:host/br0'])
  expect(find(lab, '  ')).toEqual([])
  expect(find(lab, 'nowhere')).toEqual([])
})

test('the subnet of an address', () => {
  expect(
    ['10.0.1.7/24', '192.168.5.130/25', '10.0.0.1/32', 'fd00:0:0:1::5/64', 'fe80::1/10', '::1/128'].map(netOf),
  ).toEqual(['10.0.1.0/24', '192.168.5.128/25', undefined, 'fd00:0:0:1::/64', 'fe80::/10', undefined])
})

test('ports and bridges have the colour of their segment', () => {
  const { list, byRef } = subnetsOf(opened())
  expect(list).toEqual([
    { net: '10.0.1.0/24', colour: 0, members: 2 },
    { net: '10.0.2.0/24', colour: 1, members: 1 },
  ])
  expect([byRef.get('ns1/veth1'), byRef.get('ns0/eth0'), byRef.get('host/veth2'), byRef.get('host/br0')]).toEqual([
    0, 1, 1, 1,
  ])
  expect(byRef.has('ns1/lo')).toBe(false)
})

test('labels cover neither each other nor a card nor the rate of a link', () => {
  const picture = new Picture()
  picture.update(boardOf(opened()))
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 18 }), { minLength: 1, maxLength: 2 }), (text) => {
      const placed = placeLabels(picture.lines, picture.nodes, () => text, true)
      const rates = picture.lines.map((line) => boxOf({ ...along(line, 0.5), lines: ['1.4 Mbit/s'] }))
      const boxes = [...placed.values()].flatMap(({ a, b }) => [a, b]).flatMap((label) => (label ? [boxOf(label)] : []))
      for (const [i, box] of boxes.entries()) {
        expect(rates.some((rate) => meets(box, rate))).toBe(false)
        expect(boxes.slice(i + 1).some((other) => meets(box, other))).toBe(false)
        expect(picture.nodes.some((node) => node.parent === null && meets(box, node))).toBe(false)
      }
    }),
  )
  expect(placeLabels(picture.lines, [], () => ['x']).size).toBe(picture.lines.length)
})

const size = fc.integer({ min: 40, max: 900 })
const part = fc.record({ x: size, y: size, w: size, h: size })

test('a grid and a circle put nothing on something else, and the middle stays', () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 2, maxLength: 30 }), (boxes) => {
      const nodes = boxes.map((box, i) => ({ ...box, id: `n${i}` }))
      const before = around(nodes)
      for (const places of [grid(nodes), circle({ nodes, edges: [] })]) {
        const put = nodes.map((n) => ({ ...n, ...settled(nodes, places).get(n.id) }))
        for (const [i, a] of put.entries()) expect(put.slice(i + 1).some((b) => meets(a, b))).toBe(false)
        const after = around(put)
        if (!before || !after) throw new Error('nothing there')
        expect(Math.abs(before.x + before.w / 2 - after.x - after.w / 2)).toBeLessThanOrEqual(10)
      }
    }),
    { numRuns: 40 },
  )
})

test('a layout is about namespaces in their real size; links of bridges count for theirs; less than two selected means all', () => {
  const board = boardOf(opened())
  const parts = partsOf(board, new Set())
  expect(parts.nodes.map((n) => n.id)).toEqual(['host', 'ns0', 'ns1', 'ns2'])
  expect([...parts.edges].sort()).toEqual([
    ['host', 'ns0'],
    ['ns0', 'ns1'],
    ['ns1', 'ns2'],
  ])
  expect(partsOf(board, new Set(['ns1', 'ns2'])).edges).toEqual([['ns1', 'ns2']])
  expect(partsOf(board, new Set(['ns1'])).nodes).toHaveLength(4)
  const card = board.nodes.find((n) => n.id === 'host')
  expect(elkGraph(parts, 'layered').children[0]).toMatchObject({ id: 'host', width: card?.w, height: card?.h })
})

test('the map shows everything', () => {
  fc.assert(
    fc.property(fc.record({ x: size, y: size, w: fc.integer({ min: 40, max: 90_000 }), h: size }), (all) => {
      const { x, y, zoom } = fitting(all)
      expect(all.x * zoom + x).toBeGreaterThanOrEqual(9.99)
      expect((all.x + all.w) * zoom + x).toBeLessThanOrEqual(190.01)
      expect((all.y + all.h) * zoom + y).toBeLessThanOrEqual(130.01)
    }),
  )
})

test('a line goes with either of its ends, and comes with one', () => {
  const mark = (...marks: [string, Mark][]) => lineMark(new Map(marks), { a: 'ns0/a', b: 'ns1/b' })
  expect(mark()).toBeUndefined()
  expect(mark(['interface:ns0/a', 'updated'])).toBeUndefined()
  expect(mark(['interface:ns1/b', 'added'])).toBe('added')
  expect(mark(['interface:ns0/a', 'added'], ['interface:ns1/b', 'removed'])).toBe('removed')
})
