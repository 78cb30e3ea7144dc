import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { BoardBuilder, NO_OVERRIDES } from '@/canvas/board'
import { along } from '@/canvas/curve'
import { around, BoxIndex, meets } from '@/canvas/overview/boxes'
import { Hand } from '@/canvas/overview/hand'
import { distance, Picture, shifted } from '@/canvas/overview/picture'
import type { FlowEvents } from '@/canvas/port'
import { LabStore } from '@/store'
import { snapshot } from '../lab'

const at = fc.integer({ min: -5000, max: 5000 })
const length = fc.integer({ min: 0, max: 1500 })
const box = fc.record({ x: at, y: at, w: length, h: length })

test('the index finds what a look at every box finds, in drawing order', () => {
  fc.assert(
    fc.property(fc.array(box, { maxLength: 40 }), box, (boxes, area) => {
      expect(new BoxIndex(boxes).in(area)).toEqual(boxes.filter((b) => meets(b, area)))
    }),
  )
})

test('the uppermost box is found first', () => {
  const [below, above] = [
    { x: 0, y: 0, w: 100, h: 100 },
    { x: 10, y: 10, w: 20, h: 20 },
  ]
  const index = new BoxIndex([below, above])
  expect(index.at(15, 15)).toEqual([above, below])
  expect(index.at(50, 50)).toEqual([below])
  expect(index.at(101, 50)).toEqual([])
  expect(index.at(101, 50, 2)).toEqual([below])
})

test('the box around all holds each, and nothing has none around it', () => {
  fc.assert(
    fc.property(fc.array(box, { minLength: 1 }), (boxes) => {
      const all = around(boxes)
      for (const b of boxes) expect(all && b.x >= all.x && b.x + b.w <= all.x + all.w).toBe(true)
    }),
  )
  expect(around([])).toBeUndefined()
})

function drawing(selected: readonly string[] = []) {
  const lab = new LabStore()
  lab.reset(snapshot())
  const builder = new BoardBuilder()
  const picture = new Picture()
  picture.update(builder.build(lab, new Set(selected), NO_OVERRIDES))
  return { lab, builder, picture }
}

test('a bridge stands inside its namespace, and is what lies under the pointer there', () => {
  const { picture } = drawing()
  const [host, bridge] = [picture.node('host'), picture.node('host/br0')]
  if (!host || !bridge) throw new Error('not drawn')
  expect(bridge.x).toBeGreaterThan(host.x)
  expect(picture.nodeAt({ x: bridge.x + 5, y: bridge.y + 5 })?.id).toBe('host/br0')
  expect(picture.nodeAt({ x: host.x + 5, y: host.y + 5 })?.id).toBe('host')
})

test('a line is found along all of its way, and not beside it', () => {
  const { picture } = drawing()
  for (const line of picture.lines) {
    for (const t of [0.1, 0.5, 0.9]) {
      const { x, y } = along(line, t)
      expect(distance(line, x, y)).toBeLessThan(3)
    }
    expect(picture.lineAt({ x: line.x - 100, y: line.y - 100 }, 6)).not.toBe(line)
  }
})

test('what did not change stays the same object when a namespace moves', () => {
  const { lab, builder, picture } = drawing()
  const before = new Map(picture.nodes.map((n) => [n.id, n]))
  picture.update(builder.build(lab, new Set(), new Map([['ns2', { x: 900, y: 900, moving: true }]])))
  const changed = picture.nodes.filter((n) => n !== before.get(n.id)).map((n) => n.id)
  expect(changed).toEqual(['ns2'])
})

test('a dragged line ends where its nodes are', () => {
  const { picture } = drawing()
  const line = picture.lines.find(({ line }) => line.id === 'pair:ns0/veth0+ns1/veth1')
  if (!line) throw new Error('not drawn')
  const both = shifted(line, { nodes: new Set(['ns0', 'ns1']), dx: 30, dy: -20 })
  expect([both.a.x - line.a.x, both.d.y - line.d.y]).toEqual([30, -20])
  expect(shifted(line, { nodes: new Set(['ns2']), dx: 30, dy: 0 })).toBe(line)
})

function handOn(selected: readonly string[] = []) {
  const { picture } = drawing(selected)
  const events: FlowEvents = { onMove: vi.fn(), onDrop: vi.fn(), onSelect: vi.fn(), onClear: vi.fn(), onOpen: vi.fn() }
  const hand = new Hand({ picture, toCanvas: (p) => p, zoom: () => 1, redraw: () => undefined, events: () => events })
  const press = (x: number, y: number, shiftKey = false) => ({ clientX: x, clientY: y, shiftKey })
  const corner = (id: string): [number, number] => {
    const node = picture.node(id)
    if (!node) throw new Error(`no ${id}`)
    return [node.x + 5, node.y + 5]
  }
  return { hand, events, press, corner }
}

test('a click selects, a drag moves everything selected and a bridge with its namespace', () => {
  const { hand, events, press, corner } = handOn(['namespace:host', 'interface:host/br0', 'namespace:ns1'])
  const [x, y] = corner('ns1')
  expect(hand.down(press(x, y))).toBe(true)
  hand.up(press(x, y))
  expect(events.onSelect).toHaveBeenCalledWith({ on: [{ node: 'ns1' }], off: [], add: false })
  hand.down(press(x, y))
  hand.move(press(x + 43, y + 18))
  hand.up(press(x + 43, y + 18))
  const [places] = vi.mocked(events.onDrop).mock.calls[0] ?? []
  expect([...(places?.entries() ?? [])]).toEqual([
    ['host', { x: 40, y: 20 }],
    ['ns1', { x: 840, y: 20 }],
  ])
})

test('Shift adds and takes away; a marquee takes what it meets; Escape lets go', () => {
  const { hand, events, press, corner } = handOn(['namespace:ns1'])
  const at = corner('ns1')
  hand.down(press(...at, true))
  hand.up(press(...at, true))
  expect(events.onSelect).toHaveBeenLastCalledWith({ on: [], off: [{ node: 'ns1' }], add: true })
  hand.down(press(380, -200, true))
  hand.move(press(1500, 900, true))
  hand.up(press(1500, 900, true))
  expect(events.onSelect).toHaveBeenLastCalledWith({
    on: [{ node: 'ns0' }, { node: 'ns1' }, { node: 'ns2' }],
    off: [],
    add: true,
  })
  hand.down(press(...at))
  hand.move(press(at[0] + 50, at[1]))
  expect(hand.cancel()).toBe(true)
  hand.up(press(at[0] + 50, at[1]))
  expect(events.onDrop).not.toHaveBeenCalled()
})

test('a press on nothing is left to the canvas below', () => {
  const { hand, press } = handOn()
  expect(hand.down(press(-900, -900))).toBe(false)
  expect(hand.move(press(-800, -900))).toBe(false)
})

test('a drag step gives the same board as a look at everything', () => {
  const { lab } = drawing()
  const none = new Set<string>()
  fc.assert(
    fc.property(fc.array(fc.record({ x: at, y: at }), { minLength: 2, maxLength: 5 }), (places) => {
      const builder = new BoardBuilder()
      builder.build(lab, none, NO_OVERRIDES)
      for (const place of places) {
        const bridge = { x: place.x / 10, y: place.y / 10, moving: true }
        const now = new Map([
          ['ns1', { ...place, moving: true }],
          ['host/br0', bridge],
        ])
        expect(builder.build(lab, none, now)).toEqual(new BoardBuilder().build(lab, none, now))
      }
    }),
  )
})
