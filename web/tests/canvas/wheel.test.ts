import { expect, test } from 'vitest'
import { WheelSorter } from '@/canvas/input/wheel'

const turn = (timeStamp: number, deltaY: number, more: Partial<WheelEvent> = {}) => ({
  deltaX: 0,
  deltaY,
  deltaMode: 0,
  ctrlKey: false,
  metaKey: false,
  timeStamp,
  ...more,
})

test("a mouse's wheel zooms, two fingers pan until they rest, a pinch zooms", () => {
  const sorter = new WheelSorter()
  expect([turn(0, 100), turn(50, 120), turn(90, -100)].map((e) => sorter.pans(e))).toEqual([false, false, false])
  expect(sorter.pans(turn(1000, 3, { deltaMode: 1 }))).toBe(false)
  expect([turn(2000, 2), turn(2016, 60), turn(2032, 140)].map((e) => sorter.pans(e))).toEqual([true, true, true])
  expect(sorter.pans(turn(3000, 100))).toBe(false)
  expect(sorter.pans(turn(4000, 100, { deltaX: 4 }))).toBe(true)
  expect(sorter.pans(turn(5000, 2, { ctrlKey: true }))).toBe(false)
})
