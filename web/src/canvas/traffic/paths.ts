/** The paths and positions of the traffic marks on busy links. Pure; pixels. */

import type { flowOf } from '@/store'
import { type Camera, type Size, visibleBox } from '../drawing/pass'
import type { Point } from '../model/anchors'
import { along } from '../model/curve'
import { type LineShape, meets } from '../model/picture'

/** Lines at most. */
const MOST = 40
/** Marks on a line at most, of each direction. */
const MARKS = 5
/** In pixels: the least distance between marks, the shortest line with marks, the speed of a mark per second. */
const [SPACE, SHORTEST, SPEED] = [28, 20, 16]
/** Points that stand for a curve. */
const POINTS = 16

/** A line as points. `lengths`: the distance of each point from the first, along the line. `out`, `back`: the directions with traffic. */
export interface TrafficPath {
  points: readonly Point[]
  lengths: readonly number[]
  out: boolean
  back: boolean
}

type Flow = ReturnType<typeof flowOf>

/** The paths of the busiest visible lines, in pixels. */
export function busyPaths(
  lines: readonly LineShape[],
  flow: (line: LineShape) => Flow,
  camera: Camera & Size,
): TrafficPath[] {
  const area = visibleBox(camera, camera)
  const busy: { line: LineShape; out: number; back: number }[] = []
  for (const line of lines) {
    const now = flow(line)
    if (now && now.out + now.back >= 1 && meets(line, area)) busy.push({ line, ...now })
  }
  busy.sort((a, b) => b.out + b.back - a.out - a.back)
  return busy.slice(0, MOST).flatMap(({ line, out, back }) => {
    const way = { ...inPixels(line, camera), out: out >= 1, back: back >= 1 }
    return (way.lengths.at(-1) ?? 0) < SHORTEST ? [] : [way]
  })
}

function inPixels(line: LineShape, { x, y, zoom }: Camera): Pick<TrafficPath, 'points' | 'lengths'> {
  const points = Array.from({ length: POINTS + 1 }, (_, i) => {
    const at = along(line, i / POINTS)
    return { x: at.x * zoom + x, y: at.y * zoom + y }
  })
  const lengths = [0]
  points.forEach((to, i) => {
    const from = points[i - 1]
    if (from) lengths.push((lengths.at(-1) ?? 0) + Math.hypot(to.x - from.x, to.y - from.y))
  })
  return { points, lengths }
}

/** Where the marks of a line are after so many seconds. */
export function marksOn({ points, lengths, out, back }: TrafficPath, seconds: number): Point[] {
  const length = lengths.at(-1) ?? 0
  const space = Math.max(SPACE, length / MARKS)
  const marks: Point[] = []
  const begin = (seconds * SPEED) % space
  for (let at = begin; at <= length; at += space) {
    if (out) marks.push(pointAt(points, lengths, at))
    if (back) marks.push(pointAt(points, lengths, length - at))
  }
  return marks
}

function pointAt(points: TrafficPath['points'], lengths: readonly number[], at: number): Point {
  const i = Math.max(
    1,
    lengths.findIndex((length) => length >= at),
  )
  const [p, q, from = 0, to = 0] = [points[i - 1], points[i], lengths[i - 1], lengths[i]]
  if (!p || !q) return { x: 0, y: 0 }
  const t = to > from ? (at - from) / (to - from) : 0
  return { x: p.x + (q.x - p.x) * t, y: p.y + (q.y - p.y) * t }
}
