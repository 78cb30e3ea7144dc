import { getViewportForBounds, useReactFlow, useStoreApi } from '@xyflow/react'
import { useEffect, useRef } from 'react'
import type { Board } from '../model/board'
import type { Box } from '../model/geometry'
import type { CardNode, WireEdge } from './elements'
import type { FlowView } from './port'
import { fitIn, hidden, MIN_ZOOM, SETTLED_MS, smooth, viewOf } from './view'

/** Provides the view while it is mounted, and keeps content visible when the canvas gets smaller. */
export function ViewPort({ board, onView }: { board: Board; onView: (view: FlowView | null) => void }) {
  const flow = useReactFlow<CardNode, WireEdge>()
  const store = useStoreApi()
  const latest = useRef(board)
  latest.current = board
  useEffect(() => {
    const size = (): { width: number; height: number } => {
      const { width, height } = store.getState()
      return { width, height }
    }
    const show = ({ x, y, w, h }: Box, maxZoom: number): void => {
      const { width, height } = size()
      const bounds = { x, y, width: w, height: h }
      void flow.setViewport(
        getViewportForBounds(bounds, width, height, MIN_ZOOM, maxZoom, fitIn(width).padding),
        smooth(),
      )
    }
    onView(viewOf(flow, size, () => latest.current, show))
    let before = size()
    let timer: ReturnType<typeof setTimeout> | undefined
    const settled = (): void => {
      const now = size()
      const box = hidden(latest.current, flow.getViewport(), before, now)
      before = now
      if (box) show(box, flow.getZoom())
    }
    const off = store.subscribe((now, last) => {
      if (now.width === last.width && now.height === last.height) return
      clearTimeout(timer)
      timer = setTimeout(settled, SETTLED_MS)
    })
    return () => {
      clearTimeout(timer)
      off()
      onView(null)
    }
  }, [flow, store, onView])
  return null
}
