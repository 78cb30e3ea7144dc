import type { KeyboardEvent, PointerEvent } from 'react'
import { DOCK_LEAST, DOCK_LEAST_WIDTH, resizeDock, useEditor, widenDock } from '@/editor'
import styles from './Dock.module.css'
import { useDockTexts } from './texts'

const STEP = 24

/** Where the dock is made larger or smaller: dragged, or by the arrow keys. */
export function Edge({ beside, size }: { beside: boolean; size: number }) {
  const t = useDockTexts()
  const editor = useEditor()
  const resize = beside ? widenDock : resizeDock
  const [more, less] = beside ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown']
  const press = (event: KeyboardEvent): void => {
    const by = event.key === more ? STEP : event.key === less ? -STEP : 0
    if (by === 0) return
    event.preventDefault()
    event.stopPropagation()
    resize(editor, size + by)
  }
  const drag = (event: PointerEvent): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return
    resize(editor, beside ? window.innerWidth - event.clientX : window.innerHeight - event.clientY)
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: <hr> cannot be dragged; this is the window splitter of the WAI-ARIA patterns
    <div
      className={styles.edge}
      role="separator"
      tabIndex={0}
      aria-label={beside ? t.widen : t.resize}
      aria-orientation={beside ? 'vertical' : 'horizontal'}
      aria-valuenow={size}
      aria-valuemin={beside ? DOCK_LEAST_WIDTH : DOCK_LEAST}
      aria-valuemax={beside ? window.innerWidth : window.innerHeight}
      onKeyDown={press}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
    />
  )
}
