import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Point } from '@/canvas/model/anchors'
import { along, barsOf, broken, type Curve, curveOf, pathOf } from '@/canvas/model/curve'

const coordinate = fc.double({ min: -3000, max: 3000, noNaN: true })
const anchor = fc.record({
  x: coordinate,
  y: coordinate,
  dx: fc.constantFrom(-1 as const, 1 as const),
  dy: fc.constant(0 as const),
})
const curve = fc.tuple(anchor, anchor).map(([a, d]) => curveOf(a, d))
const far = (p: Point, q: Point): number => Math.hypot(p.x - q.x, p.y - q.y)

/** How far a point is from a curve, by many points of it. */
function off(at: Point, on: Curve): number {
  let least = Infinity
  for (let i = 0; i <= 2000; i += 1) least = Math.min(least, far(at, along(on, i / 2000)))
  return least
}

test('both parts of an interrupted line lie on it, and meet its ends', () => {
  fc.assert(
    fc.property(
      curve,
      fc.double({ min: 1, max: 40, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (whole, gap, t) => {
        const [before, after] = broken(whole, gap)
        expect(far(before.a, whole.a)).toBeCloseTo(0)
        expect(far(after.d, whole.d)).toBeCloseTo(0)
        for (const part of [before, after]) expect(off(along(part, t), whole)).toBeLessThan(4)
      },
    ),
    { numRuns: 40 },
  )
})

test('the gap is as wide as asked, and less on a short line', () => {
  const gapOf = (length: number): number => {
    const [before, after] = broken(curveOf({ x: 0, y: 0, dx: 1, dy: 0 }, { x: length, y: 0, dx: -1, dy: 0 }), 12)
    return far(before.d, after.a)
  }
  expect(gapOf(400)).toBeCloseTo(12, 0)
  expect(gapOf(2000)).toBeCloseTo(12, 0)
  expect(gapOf(20)).toBeLessThan(12)
})

test('bars stand across the line at both ends of the gap', () => {
  const whole = { a: { x: 0, y: 5 }, b: { x: 40, y: 5 }, c: { x: 60, y: 5 }, d: { x: 100, y: 5 } }
  const parts = broken(whole, 10)
  expect(pathOf(parts[0])).toMatch(/^M0 5C/)
  const numbers =
    barsOf(parts, 4)
      .match(/-?[\d.]+/g)
      ?.map(Number) ?? []
  const [x1, y1, x2, y2, x3, y3, x4, y4] = numbers
  expect([y1, y2, y3, y4].map((y) => Math.round(y ?? 0)).sort()).toEqual([1, 1, 9, 9])
  expect(x1).toBeCloseTo(x2 ?? 0)
  expect(x3).toBeCloseTo(x4 ?? 0)
  expect((x3 ?? 0) - (x1 ?? 0)).toBeCloseTo(10, 0)
})
