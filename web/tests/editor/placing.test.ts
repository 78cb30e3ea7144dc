import fc from 'fast-check'
import { expect, test } from 'vitest'
import { freeCorner } from '@/editor'
import { CARD, placeFree, placeNear } from '@/editor/gestures/placing'

const card = (x: number, y: number) => ({ x, y, ...CARD })
const overlap = (a: { x: number; y: number }, b: { x: number; y: number }): boolean =>
  a.x < b.x + CARD.w && b.x < a.x + CARD.w && a.y < b.y + CARD.h && b.y < a.y + CARD.h

test('an empty canvas gets its first card in the middle', () => {
  expect(placeNear({ x: 150, y: 60 }, [])).toEqual({ x: 0, y: 0 })
})

test('cards stay together: below, beside it, then the second place of the first row', () => {
  const taken = [card(0, 0)]
  const places = [1, 2, 3].map(() => {
    const place = placeNear({ x: 130, y: 60 }, taken)
    taken.push(card(place.x, place.y))
    return place
  })
  expect(places).toEqual([
    { x: 0, y: 260 },
    { x: 360, y: 260 },
    { x: 360, y: 0 },
  ])
})

test('far from every card it is the middle of what is seen', () => {
  expect(placeNear({ x: 9150, y: 60 }, [card(0, 0)])).toEqual({ x: 9000, y: 0 })
})

test('a new card lies on no other, wherever they stand', () => {
  const at = fc.integer({ min: -3000, max: 3000 })
  fc.assert(
    fc.property(fc.array(fc.tuple(at, at), { maxLength: 40 }), at, at, (cards, x, y) => {
      const taken = cards.map(([cx, cy]) => card(cx, cy))
      const place = placeNear({ x, y }, taken)
      expect(taken.some((box) => overlap(place, box))).toBe(false)
    }),
  )
})

test('a note covers no card: it goes to the nearest free place, and stays where there is room', () => {
  const note = { x: 20, y: 20, w: 240, h: 140 }
  expect(placeFree(note, [card(600, 0)])).toEqual(expect.objectContaining({ x: 20, y: 20 }))
  const place = placeFree(note, [card(0, 0)])
  expect(overlap({ ...place }, card(0, 0))).toBe(false)
  expect(Math.hypot(place.x - note.x, place.y - note.y)).toBeLessThan(200)
})

test('what is pasted covers nothing that is there', () => {
  const layout = { host: [9, 9], 'host/br0': [24, 64], ns0: [0, 0], ns1: [420, 0] }
  expect(freeCorner({ vethboard: 1, layout }, [])).toEqual(expect.objectContaining({ x: 0, y: 0 }))
  const place = freeCorner({ vethboard: 1, layout }, [card(0, 0), card(420, 0)])
  expect(Math.abs(place?.y ?? 0)).toBeGreaterThanOrEqual(CARD.h)
  expect(freeCorner({ vethboard: 1, layout: 'garbage', notes: { a: { at: ['x'] } } }, [])).toBeUndefined()
})
