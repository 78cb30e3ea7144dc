import { type RefObject, useEffect } from 'react'
import { type Box, within } from '@/editor'
import type { Board } from '../model/board'
import { boxesOf } from '../model/board'
import type { FlowView } from './port'

const STILL_MS = 120

/** When the canvas gets smaller (the dock opens), what was completely visible is brought into view again. */
export function useRefit(
  area: RefObject<HTMLElement | null>,
  view: RefObject<FlowView | null>,
  board: RefObject<Board>,
): void {
  useEffect(() => {
    const place = area.current
    if (!place) return
    let [width, height] = [place.clientWidth, place.clientHeight]
    let timer: ReturnType<typeof setTimeout> | undefined
    const settled = (): void => {
      const now = view.current
      if (!now || place.clientWidth === 0) return
      const { seen, zoom } = now.visibleArea()
      const room = (w: number, h: number): Box => ({ x: seen.x, y: seen.y, w: w / zoom, h: h / zoom })
      const boxes = [...boxesOf(board.current.nodes).values()]
      const whole = (box: Box): boolean => boxes.every((one) => within(one, box))
      if (whole(room(width, height)) && !whole(room(place.clientWidth, place.clientHeight))) now.fit()
      width = place.clientWidth
      height = place.clientHeight
    }
    const observer = new ResizeObserver(() => {
      clearTimeout(timer)
      timer = setTimeout(settled, STILL_MS)
    })
    observer.observe(place)
    return () => {
      clearTimeout(timer)
      observer.disconnect()
    }
  }, [area, view, board])
}
