/** The curve of a link between its two ends. Pure. */

import type { Anchor, Point } from './anchors'

/** A cubic Bézier curve from `a` to `d`. */
export interface Curve {
  a: Point
  b: Point
  c: Point
  d: Point
}

/** A curve that leaves both ends at right angles. */
export function curveOf(a: Anchor, d: Anchor): Curve {
  const reach = Math.min(180, Math.max(28, Math.hypot(d.x - a.x, d.y - a.y) * 0.4))
  return {
    a,
    b: { x: a.x + a.dx * reach, y: a.y + a.dy * reach },
    c: { x: d.x + d.dx * reach, y: d.y + d.dy * reach },
    d,
  }
}

/** As SVG writes it. */
export const pathOf = ({ a, b, c, d }: Curve): string => `M${a.x} ${a.y}C${b.x} ${b.y} ${c.x} ${c.y} ${d.x} ${d.y}`

const mix = (p: Point, q: Point, t: number): Point => ({ x: p.x + (q.x - p.x) * t, y: p.y + (q.y - p.y) * t })

/** The two parts of a curve on both sides of `t` (0 to 1), by de Casteljau. */
function split({ a, b, c, d }: Curve, t: number): [Curve, Curve] {
  const [ab, bc, cd] = [mix(a, b, t), mix(b, c, t), mix(c, d, t)]
  const [abc, bcd] = [mix(ab, bc, t), mix(bc, cd, t)]
  const at = mix(abc, bcd, t)
  return [
    { a, b: ab, c: abc, d: at },
    { a: at, b: bcd, c: cd, d },
  ]
}

export const along = (curve: Curve, t: number): Point => split(curve, t)[0].d

/** What is left of a curve on both sides of a gap in its middle, of `gap` units and at most a third of the curve. */
export function broken(curve: Curve, gap: number): [Curve, Curve] {
  const { a, b, c, d } = curve
  // the curve's speed at its middle, in units per t
  const speed = 0.75 * Math.hypot(d.x + c.x - b.x - a.x, d.y + c.y - b.y - a.y)
  const half = Math.min(1 / 6, gap / 2 / Math.max(speed, 1))
  return [split(curve, 0.5 - half)[0], split(curve, 0.5 + half)[1]]
}

/** Two short bars across the ends of a gap, as of a plug that is not in its socket; `reach` units to either side. */
export function barsOf([before, after]: readonly [Curve, Curve], reach: number): string {
  return bar(before.d, before.c, reach) + bar(after.a, after.b, reach)
}

/** A bar at `at`, across the line from there to `next`. */
function bar(at: Point, next: Point, reach: number): string {
  const length = Math.max(Math.hypot(next.x - at.x, next.y - at.y), 1e-6)
  const [x, y] = [((at.y - next.y) / length) * reach, ((next.x - at.x) / length) * reach]
  return `M${at.x - x} ${at.y - y}L${at.x + x} ${at.y + y}`
}
