import fc from 'fast-check'
import { expect, test } from 'vitest'
import { latticeOf } from '@/canvas/model/lattice'
import { GRID } from '@/editor'

test('whole pixels, never too near together, and the dot in the middle of the view on the grid', () => {
  const camera = fc.record({
    x: fc.double({ min: -1e5, max: 1e5, noNaN: true }),
    y: fc.double({ min: -1e5, max: 1e5, noNaN: true }),
    zoom: fc.double({ min: 0.05, max: 4, noNaN: true }),
    width: fc.integer({ min: 1, max: 4000 }),
    height: fc.integer({ min: 1, max: 3000 }),
  })
  fc.assert(
    fc.property(camera, (c) => {
      const { x, y, gap } = latticeOf(c)
      expect([x, y, gap].every(Number.isInteger)).toBe(true)
      expect(gap).toBeGreaterThanOrEqual(14)
      // the dot nearest to the middle, and the point of the (perhaps thinned) grid nearest to it
      const dot = x + gap / 2 + Math.round((c.width / 2 - x - gap / 2) / gap) * gap
      let step = GRID * c.zoom
      while (step < 14) step *= 2
      const off = Math.abs((dot - c.x) / step - Math.round((dot - c.x) / step)) * step
      expect(off).toBeLessThanOrEqual(1.01)
    }),
  )
})
