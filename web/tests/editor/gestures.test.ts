import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  align,
  areaAround,
  type Box,
  distribute,
  dragPairs,
  FIRST_TOOL,
  inside,
  linksOf,
  linksToNew,
  next,
  nextTool,
  pairsOf,
  resized,
  rowsBelow,
  rulersOf,
  snap,
  snapToGrid,
  star,
  type ToolEvent,
} from '@/editor'
import { cachedInterfaceView, LabStore } from '@/store'
import { snapshot } from '../lab'

const box: fc.Arbitrary<Box> = fc.record({
  x: fc.integer({ min: -500, max: 500 }),
  y: fc.integer({ min: -500, max: 500 }),
  w: fc.integer({ min: 20, max: 300 }),
  h: fc.integer({ min: 20, max: 300 }),
})
const boxes = fc.array(box, { minLength: 1, maxLength: 8 })
const named = (list: readonly Box[]): Map<string, Box> => new Map(list.map((b, i) => [`n${i}`, b]))

describe('snapping', () => {
  test('never goes further than it reaches, and every guide stands on an edge or a middle of both', () => {
    fc.assert(
      fc.property(box, boxes, fc.integer({ min: 1, max: 20 }), (moving, others, reach) => {
        const { by, guides } = snap(moving, rulersOf(others), reach)
        expect(Math.abs(by.x) <= reach && Math.abs(by.y) <= reach).toBe(true)
        const lines = (b: Box, axis: 'x' | 'y') =>
          axis === 'x' ? [b.x, b.x + b.w / 2, b.x + b.w] : [b.y, b.y + b.h / 2, b.y + b.h]
        const at = { ...moving, x: moving.x + by.x, y: moving.y + by.y }
        for (const guide of guides) {
          const near = (b: Box) => lines(b, guide.axis).some((line) => Math.abs(line - guide.at) < 0.01)
          expect(near(at) && others.some(near)).toBe(true)
          expect(guide.from <= guide.to).toBe(true)
        }
      }),
    )
  })

  test('to the left edge of a neighbour, with the guide as long as both', () => {
    const found = snap({ x: 103, y: 200, w: 50, h: 20 }, rulersOf([{ x: 100, y: 0, w: 90, h: 30 }]), 6)
    expect(found.by).toEqual({ x: -3, y: 0 })
    expect(found.guides).toContainEqual({ axis: 'x', at: 100, from: 0, to: 220 })
  })

  test('to the grid', () => {
    expect(snapToGrid({ x: 13, y: 29, w: 5, h: 5 }).by).toEqual({ x: 7, y: -9 })
  })
})

describe('arranging', () => {
  test('aligned boxes share the edge, and aligning again moves nothing', () => {
    fc.assert(
      fc.property(
        boxes,
        fc.constantFrom('left', 'centre', 'right', 'top', 'middle', 'bottom' as const),
        (list, edge) => {
          const start = named(list)
          const moved = align(start, edge)
          const after = new Map([...start].map(([id, b]) => [id, { ...b, ...moved.get(id) }]))
          const line = (b: Box): number =>
            ({
              left: b.x,
              centre: b.x + b.w / 2,
              right: b.x + b.w,
              top: b.y,
              middle: b.y + b.h / 2,
              bottom: b.y + b.h,
            })[edge]
          const all = [...after.values()].map(line)
          expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(1)
          if (edge !== 'centre' && edge !== 'middle') expect(align(after, edge).size).toBe(0)
        },
      ),
    )
  })

  test('distributed boxes have equal gaps between the outermost, which stay', () => {
    const list = [0, 70, 500].map((x) => ({ x, y: 0, w: 50, h: 10 }))
    expect(distribute(named(list), 'x')).toEqual(new Map([['n1', { x: 250, y: 0 }]]))
    fc.assert(
      fc.property(fc.array(box, { minLength: 3, maxLength: 8 }), (some) => {
        const start = named(some)
        const moved = distribute(start, 'y')
        const sorted = [...start].map(([id, b]) => ({ ...b, ...moved.get(id) })).sort((a, b) => a.y - b.y || a.h - b.h)
        const first = [...start.values()].sort((a, b) => a.y - b.y || a.h - b.h)[0]
        expect(sorted.some((b) => Math.abs(b.y - (first?.y ?? 0)) <= 1)).toBe(true)
        expect([...moved.values()].every((p) => Number.isInteger(p.x) && Number.isInteger(p.y))).toBe(true)
      }),
    )
  })
})

describe('walking', () => {
  const grid = new Map<string, Box>()
  for (let row = 0; row < 4; row += 1)
    for (let column = 0; column < 4; column += 1)
      grid.set(`${column},${row}`, { x: column * 300, y: row * 200, w: 200, h: 100 })

  test('on a grid: to the neighbour, and nowhere at the border', () => {
    expect(next(grid, '1,1', 'right')).toBe('2,1')
    expect(next(grid, '1,1', 'down')).toBe('1,2')
    expect(next(grid, '3,0', 'right')).toBeNull()
  })

  test('there and back on a grid', () => {
    const back = { left: 'right', right: 'left', up: 'down', down: 'up' } as const
    fc.assert(
      fc.property(
        fc.constantFrom(...grid.keys()),
        fc.constantFrom('left', 'right', 'up', 'down' as const),
        (from, way) => {
          const there = next(grid, from, way)
          if (there !== null) expect(next(grid, there, back[way])).toBe(from)
        },
      ),
    )
  })
})

describe('areas', () => {
  test('an area holds what it was drawn around', () => {
    fc.assert(
      fc.property(boxes, (list) => {
        const area = areaAround(list)
        if (area) expect(inside(area, named(list))).toHaveLength(list.length)
      }),
    )
  })

  test('a corner that is dragged leaves the opposite one where it is', () => {
    fc.assert(
      fc.property(box, fc.integer({ min: -900, max: 900 }), fc.boolean(), fc.boolean(), (b, d, left, top) => {
        const now = resized(b, { x: d, y: -d }, { left, top })
        expect(left ? now.x + now.w : now.x).toBe(left ? b.x + b.w : b.x)
        expect(top ? now.y + now.h : now.y).toBe(top ? b.y + b.h : b.y)
        expect(now.w >= 80 && now.h >= 48).toBe(true)
      }),
    )
  })
})

describe('links', () => {
  const lab = new LabStore()
  lab.reset(snapshot())
  const scene = lab.scene.get()
  const addressesOf = (ref: string) => cachedInterfaceView(lab, ref)?.addresses ?? []
  const nodes = ['host', 'host/br0', 'ns0', 'ns1', 'ns2']

  test('a drag from or to a part of the selection means all of it', () => {
    expect(dragPairs('ns0', 'host/br0', ['ns0', 'ns1'])).toEqual([
      ['ns0', 'host/br0'],
      ['ns1', 'host/br0'],
    ])
    expect(dragPairs('host/br0', 'ns1', ['ns0', 'ns1'])).toHaveLength(2)
    expect(dragPairs('ns0', 'ns1', ['ns0', 'ns1'])).toEqual([['ns0', 'ns1']])
    expect(pairsOf(['ns0', 'ns1'], ['ns0', 'ns1'])).toEqual([['ns0', 'ns1']])
  })

  test('names and addresses are those that are free, each handed out once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...nodes), fc.constantFrom(...nodes)), { maxLength: 8 }),
        (pairs) => {
          const { commands, links } = linksOf(
            scene,
            addressesOf,
            pairs.filter(([a, b]) => a !== b),
          )
          const refs = links.flat()
          expect(new Set(refs).size).toBe(refs.length)
          expect(refs.some((ref) => scene.interfaces.has(ref))).toBe(false)
          const given = commands.flatMap((c) =>
            c.do === 'add-link' ? [c.a, c.b].flatMap((e) => e.addresses ?? []) : [],
          )
          expect(new Set(given).size).toBe(given.length)
        },
      ),
    )
  })

  test('to a bridge: the next free address of its subnet, and a port', () => {
    const [command] = linksOf(scene, addressesOf, [['ns2', 'host/br0']]).commands
    expect(command).toMatchObject({ do: 'add-link', a: { addresses: ['10.0.2.1/24'] }, b: { master: 'br0' } })
  })

  test('to a new namespace, to a new bridge', () => {
    const made = linksToNew(scene, addressesOf, ['ns0', 'ns1'], { kind: 'namespace', at: { x: 1.4, y: 2 } })
    expect(made.commands[0]).toEqual({ do: 'add-namespace', name: 'ns3', at: [1, 2] })
    expect(made.links.map(([, b]) => b.split('/')[0])).toEqual(['ns3', 'ns3'])
    const bridge = linksToNew(scene, addressesOf, ['ns0'], { kind: 'bridge', namespace: 'host' })
    expect(bridge.made).toBe('host/br1')
    expect(bridge.commands).toHaveLength(2)
  })

  test('a star: so many namespaces, each with an address of one subnet, where nothing stands', () => {
    const around = { x: 0, y: 0, w: 300, h: 100 }
    const places = rowsBelow(around, [around, { x: -400, y: 180, w: 2000, h: 200 }], 5)
    expect(places).toHaveLength(5)
    expect(places.every((p) => p.y >= 380)).toBe(true)
    const { commands } = star(scene, addressesOf, 'host/br0', 'pc', places)
    const ends = commands.flatMap((c) => (c.do === 'add-link' ? [c.a] : []))
    expect(ends.map((e) => e.namespace)).toEqual(['pc0', 'pc1', 'pc2', 'pc3', 'pc4'])
    expect(ends.map((e) => e.addresses?.[0])).toEqual([
      '10.0.2.1/24',
      '10.0.2.3/24',
      '10.0.2.4/24',
      '10.0.2.5/24',
      '10.0.2.6/24',
    ])
  })
})

test('the tool comes back to what it was before a link, and aims at nothing that it comes from', () => {
  const event: fc.Arbitrary<ToolEvent> = fc.oneof(
    fc.record({ do: fc.constant('choose' as const), tool: fc.constantFrom('pan' as const, 'select' as const) }),
    fc.record({ do: fc.constant('link' as const), from: fc.constantFrom([], ['ns0'], ['ns0', 'ns1']) }),
    fc.record({ do: fc.constant('aim' as const), to: fc.constantFrom('ns0', 'ns1', 'ns2') }),
    fc.record({ do: fc.constant('end' as const) }),
  )
  fc.assert(
    fc.property(fc.array(event), (events) => {
      let [tool, base] = [FIRST_TOOL, 'pan']
      for (const e of events) {
        tool = nextTool(tool, e)
        if (e.do === 'choose') base = e.tool
        if (tool.is === 'link') {
          expect(tool.from.length).toBeGreaterThan(0)
          expect(tool.from.length === 1 && tool.from[0] === tool.to).toBe(false)
        } else expect(tool.is).toBe(base)
      }
      expect(nextTool(tool, { do: 'end' }).is).toBe(base)
    }),
  )
})
