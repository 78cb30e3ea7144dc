/** The commands to the view, done by panning and zooming. */

import type { Point } from '../model/anchors'
import type { Board } from '../model/board'
import { around } from '../model/boxes'
import type { Box } from '../model/geometry'
import { everything } from './everything'
import type { FlowView } from './port'

/** What fits on a canvas so wide: the palette and the controls keep their room. All in pixels. */
const ROOM = { left: '130px', right: '48px', top: '56px', bottom: '72px' } as const
const ROOM_NARROW = { left: '76px', right: '16px', top: '64px', bottom: '72px' } as const
/** From here down the palette has no words: `@container canvas` in Palette.module.css. */
const NARROW = 560
export const fitIn = (width: number) => ({ padding: width <= NARROW ? ROOM_NARROW : ROOM, maxZoom: MOST_FIT })
const MOST_FIT = 1.1
export const MIN_ZOOM = 0.02
export const MAX_ZOOM = 2.5

const calm = window.matchMedia?.('(prefers-reduced-motion: reduce)')
/** Animates changes of the view, unless the user prefers reduced motion. */
export const smooth = (): { duration: number } => ({ duration: calm?.matches ? 0 : 180 })

interface Viewport {
  x: number
  y: number
  zoom: number
}

/** What is needed of the library. */
interface Library {
  getViewport(): Viewport
  getZoom(): number
  setViewport(to: Viewport): Promise<boolean>
  zoomIn(how: { duration: number }): Promise<boolean>
  zoomOut(how: { duration: number }): Promise<boolean>
  zoomTo(zoom: number, how: { duration: number }): Promise<boolean>
  setCenter(x: number, y: number, how: { zoom: number; duration: number }): Promise<boolean>
  screenToFlowPosition(at: Point): Point
  flowToScreenPosition(at: Point): Point
}

/** The bounding box of all nodes; without nodes, a box in the middle. */
export const boardBox = (board: Board): Box =>
  around(board.nodes.filter((n) => n.kind !== 'bridge')) ?? { x: 0, y: 0, w: 400, h: 300 }

/** `show` brings a box into view, at most at that zoom. */
export function viewOf(
  flow: Library,
  size: () => { width: number; height: number },
  board: () => Board,
  show: (box: Box, maxZoom: number) => void,
): FlowView {
  return {
    fit: () => show(boardBox(board()), MOST_FIT),
    fitTo: (nodes) => {
      const box = around(nodes.flatMap((id) => placeOf(board(), id) ?? []))
      if (box) show(box, MOST_FIT)
    },
    zoomIn: () => void flow.zoomIn(smooth()),
    zoomOut: () => void flow.zoomOut(smooth()),
    zoomReset: () => void flow.zoomTo(1, smooth()),
    centreOn: (id) => {
      const box = placeOf(board(), id)
      const zoom = Math.max(flow.getZoom(), 0.8)
      const { width, height } = size()
      if (!box) return
      // of what is larger than the pane the beginning, where its name stands
      const [w, h] = [Math.min(box.w, (width * 0.8) / zoom), Math.min(box.h, (height * 0.8) / zoom)]
      void flow.setCenter(box.x + w / 2, box.y + h / 2, { zoom, ...smooth() })
    },
    panTo: (id) => {
      const box = placeOf(board(), id)
      if (box) void flow.setCenter(box.x + box.w / 2, box.y + box.h / 2, { zoom: flow.getZoom(), ...smooth() })
    },
    include: (box) => {
      const { x: left, y: top, zoom } = flow.getViewport()
      const seen = (p: number, start: number, all: number): boolean => p * zoom + start > 0 && p * zoom + start < all
      const { width, height } = size()
      const { x, y, w, h } = box
      if (seen(x, left, width) && seen(x + w, left, width) && seen(y, top, height) && seen(y + h, top, height)) return
      show(around([boardBox(board()), box]) ?? box, MOST_FIT)
    },
    toCanvas: (at) => flow.screenToFlowPosition(at),
    toWindow: (at) => flow.flowToScreenPosition(at),
    zoom: () => flow.getZoom(),
    showAll: async () => {
      const before = flow.getViewport()
      everything.set(true)
      await flow.setViewport({ ...before, zoom: 1 })
      await painted()
      return () => {
        everything.set(false)
        void flow.setViewport(before)
      }
    },
    centre: () => {
      const { x, y, zoom } = flow.getViewport()
      const { width, height } = size()
      return { x: (width / 2 - x) / zoom, y: (height / 2 - y) / zoom }
    },
    visibleArea: () => {
      const { x, y, zoom } = flow.getViewport()
      const { width, height } = size()
      return { seen: { x: -x / zoom, y: -y / zoom, w: width / zoom, h: height / zoom }, zoom }
    },
  }
}

interface Size {
  width: number
  height: number
}

/** How long the pane keeps its size before what it shows is looked at: an edge may be dragged, in ms. */
export const SETTLED_MS = 120

/** The pane has become smaller, as when the dock opens: what was seen whole and now is not, to be brought back into view. All that there is,
 * where it can still be read then; else what is selected. */
export function hidden(board: Board, camera: Viewport, before: Size, now: Size): Box | null {
  if (now.width >= before.width && now.height >= before.height) return null
  const lost = (box: Box): boolean => seen(box, camera, before) && !seen(box, camera, now)
  const all = boardBox(board)
  if (lost(all) && roomFor(all, now) >= READABLE) return all
  const chosen = around(board.nodes.flatMap((n) => (n.selected ? (placeOf(board, n.id) ?? []) : [])))
  return chosen && lost(chosen) ? chosen : null
}

/** Below this zoom only names can be read. */
const READABLE = 0.4

function seen(box: Box, { x, y, zoom }: Viewport, { width, height }: Size): boolean {
  const [left, top] = [box.x * zoom + x, box.y * zoom + y]
  return left >= 0 && top >= 0 && left + box.w * zoom <= width && top + box.h * zoom <= height
}

/** The zoom at which a box fits. */
function roomFor({ w, h }: Box, { width, height }: Size): number {
  const { left, right, top, bottom } = fitIn(width).padding
  const px = Number.parseInt
  return Math.min((width - px(left) - px(right)) / w, (height - px(top) - px(bottom)) / h)
}

/** React has rendered what changed, and the browser has laid it out. */
const painted = (): Promise<void> =>
  new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))))

/** The absolute place of a node: a bridge's place is relative to its namespace. */
function placeOf(board: Board, id: string): Box | undefined {
  const node = board.nodes.find((n) => n.id === id)
  const parent = node?.kind === 'bridge' ? board.nodes.find((n) => n.id === node.parent) : undefined
  return node && { x: node.x + (parent?.x ?? 0), y: node.y + (parent?.y ?? 0), w: node.w, h: node.h }
}
