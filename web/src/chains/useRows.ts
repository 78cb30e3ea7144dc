/** Only the rows that are seen are drawn; all have one height. */

import { type RefObject, useCallback, useEffect, useLayoutEffect, useState } from 'react'
import { rowHeight } from '@/ui'

export const ROW = rowHeight(30)
/** Rows drawn beyond the edges, so that a quick scroll shows no gap. */
const MORE = 8

export interface Rows {
  /** Indices of the rows to draw: from, up to but without `to`. */
  from: number
  to: number
  /** Bring a row into view. */
  show(index: number): void
}

export function useRows(scroller: RefObject<HTMLElement | null>, count: number): Rows {
  const [seen, setSeen] = useState({ top: 0, height: 400 })
  const read = useCallback(() => {
    const box = scroller.current
    if (box) setSeen({ top: box.scrollTop, height: box.clientHeight })
  }, [scroller])
  useLayoutEffect(read, [read])
  useEffect(() => {
    const box = scroller.current
    if (!box) return
    const sizes = new ResizeObserver(read)
    sizes.observe(box)
    box.addEventListener('scroll', read, { passive: true })
    return () => {
      sizes.disconnect()
      box.removeEventListener('scroll', read)
    }
  }, [scroller, read])
  const show = useCallback(
    (index: number) => {
      const box = scroller.current
      if (!box) return
      const top = index * ROW
      if (top < box.scrollTop) box.scrollTop = top
      else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight
      read()
    },
    [scroller, read],
  )
  const from = Math.max(0, Math.min(count, Math.floor(seen.top / ROW)) - MORE)
  const to = Math.min(count, Math.ceil((seen.top + seen.height) / ROW) + MORE)
  return { from, to, show }
}
