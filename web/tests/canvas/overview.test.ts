import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { FlowEvents } from '@/canvas/flow/port'
import { MoveTool } from '@/canvas/input/move'
import { OverviewPointer } from '@/canvas/input/overviewPointer'
import { BoardBuilder, NO_OVERRIDES } from '@/canvas/model/board'
import { around, BoxIndex, meets } from '@/canvas/model/boxes'
import { along } from '@/canvas/model/curve'
import { distance, Picture, shifted } from '@/canvas/model/picture'
import { labelOf } from '@/canvas/model/shapeLabels'
import type { AnyRecord } from '@/protocol'
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

function drawing(selected: readonly string[] = [], more: Record<string, AnyRecord> = {}) {
  const lab = new LabStore()
  const shot = snapshot()
  lab.reset({ ...shot, desired: { ...shot.desired, ...more } })
  const builder = new BoardBuilder()
  const picture = new Picture()
  const board = builder.build(lab, new Set(selected), NO_OVERRIDES)
  picture.update(board)
  return { lab, builder, picture, board }
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

const SIGHT = { seen: { x: -5000, y: -5000, w: 10_000, h: 10_000 }, zoom: 1 }
const TO_THE_GRID = { grid: true, free: false }

function handOn(selected: readonly string[] = [], more: Record<string, AnyRecord> = {}) {
  const { picture, board } = drawing(selected, more)
  const tool = { is: 'pan' as 'pan' | 'select' | 'link', fixed: false }
  const move = new MoveTool()
  const events = {
    onMove: vi.fn(),
    onAim: (to) => move.move(board.nodes, to, TO_THE_GRID, SIGHT),
    onGiveUp: vi.fn(),
    onDrop: vi.fn(),
    onSelect: vi.fn(),
    onClear: vi.fn(),
    onOpen: vi.fn(),
  } satisfies FlowEvents
  const hand = new OverviewPointer({
    picture,
    toCanvas: (p) => p,
    zoom: () => 1,
    tool: () => tool.is,
    fixed: () => tool.fixed,
    redraw: () => undefined,
    events: () => events,
  })
  const press = (x: number, y: number, shiftKey = false) => ({ clientX: x, clientY: y, shiftKey })
  const corner = (id: string): [number, number] => {
    const node = picture.node(id)
    if (!node) throw new Error(`no ${id}`)
    return [node.x + 5, node.y + 5]
  }
  return { hand, events, press, corner, tool, picture }
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

test('Shift adds and takes away; a marquee takes what lies wholly in it; Escape lets go', () => {
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

const AREA: AnyRecord = { kind: 'area', name: 'a', x: 380, y: -60, w: 700, h: 500, label: 'Rack A' }
const NOTE: AnyRecord = { kind: 'note', name: 'n', x: -900, y: -900, w: 200, h: 120, text: '\n## Read *me*\nmore' }
const SHAPES = { 'area:a': AREA, 'note:n': NOTE }

test('an area is taken by its label and its border, and takes along what is in it', () => {
  const { hand, events, press, picture } = handOn([], SHAPES)
  expect(hand.could({ x: 400, y: -50 })).toBe('move')
  expect(hand.could({ x: 380, y: 300 })).toBe('move')
  expect(hand.could({ x: 500, y: 400 }), 'within').toBeUndefined()
  hand.down(press(380, 300))
  hand.move(press(401, 299))
  expect(hand.shift).toEqual({ nodes: new Set(['area:a', 'ns0', 'ns1']), dx: 20, dy: 0 })
  hand.up(press(401, 299))
  expect(events.onDrop).toHaveBeenCalledWith(new Map([['area:a', { x: 400, y: -60 }]]), { x: 401, y: 299 })
  hand.down(press(-890, -890))
  hand.up(press(-890, -890))
  expect(events.onSelect).toHaveBeenLastCalledWith({ on: [{ node: 'note:n' }], off: [], add: false })
  expect(picture.within({ x: -2000, y: -2000, w: 9000, h: 9000 })).toContain('note:n')
})

test('what is locked, and everything where nothing may be edited, is pressed but not moved', () => {
  const { hand, events, press, corner, tool } = handOn([], {
    'style:ns1': { kind: 'style', node: 'ns1', locked: true },
  })
  const [x, y] = corner('ns1')
  expect(hand.could({ x, y })).toBe('press')
  expect(hand.down(press(x, y)), 'the canvas below pans').toBe(false)
  hand.move(press(x + 50, y))
  expect(hand.shift).toBeNull()
  hand.up(press(x + 50, y))
  expect(events.onSelect).not.toHaveBeenCalled()
  expect(hand.could({ x: corner('ns0')[0], y })).toBe('move')
  tool.fixed = true
  expect(hand.could({ x: corner('ns0')[0], y })).toBe('press')
})

test('the tool for it draws a marquee on empty ground, that of links gets every press', () => {
  const { hand, events, press, corner, tool } = handOn(['namespace:ns2'])
  tool.is = 'select'
  expect(hand.down(press(380, -200))).toBe(true)
  hand.move(press(720, 900))
  hand.up(press(720, 900))
  expect(events.onSelect).toHaveBeenLastCalledWith({ on: [{ node: 'ns0' }], off: [], add: false })
  hand.down(press(-900, -900))
  hand.up(press(-900, -900))
  expect(events.onClear).toHaveBeenCalled()
  tool.is = 'link'
  expect(hand.down(press(...corner('ns1')))).toBe(false)
  expect(hand.busy).toBe(false)
})

test('what is written on areas and notes can be read as long as there is room', () => {
  const { picture } = drawing([], SHAPES)
  const [area, note] = ['area:a', 'note:n'].map((id) => picture.shapes.find((of) => of.id === id))
  if (!area || !note) throw new Error('not drawn')
  for (const zoom of [0.1, 0.2, 0.39]) {
    const label = labelOf(area, zoom)
    expect(label?.text).toBe('Rack A')
    expect((label?.size ?? 0) * zoom).toBeGreaterThanOrEqual(8)
    expect(label && label.x + label.w <= area.x + area.w).toBe(true)
  }
  expect(labelOf(note, 0.39)?.text).toBe('Read me')
  expect(labelOf(note, 0.2)?.text).toMatch(/^Rea/)
  expect(labelOf(note, 0.03)).toBeNull()
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
