import { expect, test } from 'vitest'
import { BoardBuilder, NO_OVERRIDES } from '@/canvas/model/board'
import { Picture } from '@/canvas/model/picture'
import { busyPaths, marksOn } from '@/canvas/traffic/paths'
import { LabStore } from '@/store'
import { snapshot } from '../lab'

const CAMERA = { x: 100, y: 50, zoom: 0.5, width: 1400, height: 900 }

function lines() {
  const lab = new LabStore()
  lab.reset(snapshot())
  const picture = new Picture()
  picture.update(new BoardBuilder().build(lab, new Set(), NO_OVERRIDES))
  return picture.lines
}

test('only lines that are busy and in view have marks, the busiest first', () => {
  const [first, second] = lines()
  if (!first || !second) throw new Error('not drawn')
  const flow = (line: typeof first) =>
    line === first ? { out: 10, back: 0 } : line === second ? { out: 5, back: 900 } : { out: 0, back: 0 }
  const ways = busyPaths(lines(), () => undefined, CAMERA)
  expect(ways).toEqual([])
  const busy = busyPaths([first, second], flow, CAMERA)
  expect(busy.map(({ out, back }) => [out, back])).toEqual([
    [true, true],
    [true, false],
  ])
  expect(busy[1]?.points[0]).toEqual({ x: first.a.x * 0.5 + 100, y: first.a.y * 0.5 + 50 })
  expect(busyPaths([first, second], flow, { ...CAMERA, x: 90_000 })).toEqual([])
})

test('marks stay on their line, go its way, and are few', () => {
  const way = {
    points: [
      { x: 0, y: 0 },
      { x: 300, y: 0 },
      { x: 300, y: 100 },
    ],
    lengths: [0, 300, 400],
    out: true,
    back: false,
  }
  for (let seconds = 0; seconds < 12; seconds += 0.4) {
    const marks = marksOn(way, seconds)
    expect(marks.length).toBeGreaterThan(3)
    expect(marks.length).toBeLessThan(8)
    for (const { x, y } of marks) expect(y === 0 ? x <= 300 : x === 300 && y <= 100).toBe(true)
  }
  const [before, after] = [marksOn(way, 1)[0], marksOn(way, 1.5)[0]]
  expect(after && before && after.x - before.x).toBeCloseTo(8)
  const back = { ...way, out: false, back: true }
  const [late, later] = [marksOn(back, 1)[0], marksOn(back, 1.5)[0]]
  expect(late && later && later.y - late.y).toBeCloseTo(-8)
})
