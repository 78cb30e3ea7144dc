import type { Layout } from '@/editor'
import type { Point } from '../model/anchors'
import type { Board } from '../model/board'
import { circle, grid, type Part, partsOf, settled } from './graph'

/** Where the nodes go by this layout. The heavy ones are computed off the page's thread. */
export async function arranged(board: Board, wanted: ReadonlySet<string>, layout: Layout): Promise<Arranged> {
  const parts = partsOf(board, wanted)
  const places =
    layout === 'grid' ? grid(parts.nodes) : layout === 'circular' ? circle(parts) : await byElk(parts, layout)
  return { from: parts.nodes, to: settled(parts.nodes, places) }
}

const byElk = async (...asked: Parameters<typeof import('./elk').elkPlaces>): Promise<Map<string, Point>> =>
  (await import('./elk')).elkPlaces(...asked)

export interface Arranged {
  from: readonly Part[]
  to: ReadonlyMap<string, Point>
}

const MS = 260
/** With more nodes than this there is no animation. */
const MOST = 300

/** Call `step` for each frame on the way; at once where motion is not wanted. */
export async function animate(
  { from, to }: Arranged,
  step: (places: ReadonlyMap<string, Point>) => void,
): Promise<void> {
  if (from.length > MOST || window.matchMedia('(prefers-reduced-motion: reduce)').matches) return
  const start = performance.now()
  for (let t = 0; t < 1; t = Math.min(1, (performance.now() - start) / MS)) {
    const eased = 1 - (1 - t) ** 3
    const between = (p: Part): [string, Point] => {
      const end = to.get(p.id) ?? p
      return [p.id, { x: Math.round(p.x + (end.x - p.x) * eased), y: Math.round(p.y + (end.y - p.y) * eased) }]
    }
    step(new Map(from.map(between)))
    await new Promise(requestAnimationFrame)
  }
}
