/** Subscriptions to React Flow's view. */

import { useReactFlow, useStore, useStoreApi } from '@xyflow/react'
import { useMemo } from 'react'
import type { Board } from '../model/board'
import type { FlowCamera } from './port'

/** Below this zoom only names are drawn, and of more nodes than these not even cards: see drawing/. */
const FAR = 0.4
const FEW = 40

/** Whether only names are drawn. */
export const useFar = (): boolean => useStore((s) => s.transform[2] < FAR)

/** Whether the scene is drawn as a whole instead of card by card. */
export function useOverview(board: Board): boolean {
  return useStore((s) => s.transform[2] < FAR) && board.nodes.length > FEW
}

/** Where the canvas is, in pixels, and the zoom; renders again whenever it moves. */
export function useView(): { x: number; y: number; zoom: number } {
  const [x, y, zoom] = useStore((s) => s.transform)
  return { x, y, zoom }
}

export function useCamera(): FlowCamera {
  const store = useStoreApi()
  const flow = useReactFlow()
  return useMemo(
    () => ({
      get: () => {
        const { transform, width, height } = store.getState()
        return { x: transform[0], y: transform[1], zoom: transform[2], width, height }
      },
      subscribe: (listener) =>
        store.subscribe((now, before) => {
          const same = now.transform === before.transform && now.width === before.width && now.height === before.height
          if (!same) listener()
        }),
      toCanvas: (at) => flow.screenToFlowPosition(at, { snapToGrid: false }),
      centre: ({ x, y }) => void flow.setCenter(x, y, { zoom: flow.getZoom() }),
      panBy: (by) => void store.getState().panBy(by),
    }),
    [store, flow],
  )
}

/** The zoom in percent; renders again when it changes. */
export function useZoomPercent(): number {
  return useStore((s) => Math.round(s.transform[2] * 100))
}
