import { type RefObject, useLayoutEffect, useState } from 'react'

/** The size of an element's content, in CSS pixels; renders again when it changes. */
export function useSize(element: RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 })
  useLayoutEffect(() => {
    const box = element.current
    if (!box) return
    const read = (): void =>
      setSize((now) =>
        now.width === box.clientWidth && now.height === box.clientHeight
          ? now
          : { width: box.clientWidth, height: box.clientHeight },
      )
    read()
    const sizes = new ResizeObserver(read)
    sizes.observe(box)
    return () => sizes.disconnect()
  }, [element])
  return size
}
