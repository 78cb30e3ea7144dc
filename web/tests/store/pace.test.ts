import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Pace } from '@/store/pace'

beforeEach(() => void vi.useFakeTimers({ toFake: ['requestAnimationFrame', 'cancelAnimationFrame', 'performance'] }))
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** `count` listeners, and how often each was told. */
function listeners(count: number): { all: (() => void)[]; told: number[] } {
  const told = Array.from({ length: count }, () => 0)
  const all = told.map((_, i) => (): void => {
    told[i] = (told[i] ?? 0) + 1
  })
  return { told, all }
}
const sum = (of: readonly number[]): number => of.reduce((a, b) => a + b, 0)

test('the first change is told at once; a burst takes some frames, and everybody hears of it once', () => {
  const pace = new Pace()
  const { all, told } = listeners(200)
  pace.queue(all)
  const first = sum(told)
  expect(first).toBeGreaterThan(0)
  expect(first).toBeLessThan(200)
  pace.queue(all.slice(150))
  for (let frame = 0; frame < 60; frame += 1) vi.advanceTimersToNextFrame()
  expect(told.every((n) => n === 1)).toBe(true)
})

test('a gesture has the frames to itself', () => {
  const pace = new Pace()
  pace.gesture()
  const { all, told } = listeners(200)
  pace.queue(all)
  expect(sum(told)).toBeLessThan(10)
  for (let frame = 0; frame < 60; frame += 1) vi.advanceTimersToNextFrame()
  expect(sum(told)).toBe(200)
})

test('a page that nobody sees is told at once, and who has left is not told', () => {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
  const pace = new Pace()
  const { all, told } = listeners(500)
  pace.queue(all)
  expect(sum(told)).toBe(500)
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(false)
  pace.queue(all)
  const gone = all[499]
  if (gone) pace.forget(gone)
  for (let frame = 0; frame < 60; frame += 1) vi.advanceTimersToNextFrame()
  expect(told[499]).toBe(1)
  expect(told[0]).toBe(2)
})
