import type { KeyboardEvent, PointerEvent, RefObject } from 'react'
import { type Divider as DividerOf, setPanes, setShare, useEditor } from '@/editor'
import styles from './Terminal.module.css'
import { useTerminalPaneTexts } from './texts'

const STEP = 0.04

/** The line between two panes: dragged, or moved with the arrow keys. */
export function Divider({
  tab,
  divider,
  box,
}: {
  tab: string
  divider: DividerOf
  box: RefObject<HTMLDivElement | null>
}) {
  const t = useTerminalPaneTexts()
  const editor = useEditor()
  const { x, y, w, h, split, share, path } = divider
  const beside = split === 'right'
  const move = (to: number): void => setPanes(editor, tab, (panes) => setShare(panes, path, to))
  const key = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -STEP, ArrowUp: -STEP, ArrowRight: STEP, ArrowDown: STEP }[event.key]
    if (by === undefined) return
    event.preventDefault()
    event.stopPropagation()
    move(share + by)
  }
  const drag = (event: PointerEvent): void => {
    const all = box.current?.getBoundingClientRect()
    if (!all || !event.currentTarget.hasPointerCapture(event.pointerId)) return
    move(beside ? ((event.clientX - all.left) / all.width - x) / w : ((event.clientY - all.top) / all.height - y) / h)
  }
  const at = (n: number): string => `${n * 100}%`
  return (
    // biome-ignore lint/a11y/useSemanticElements: <hr> cannot be dragged; this is the window splitter of the WAI-ARIA patterns
    <div
      className={styles.divider}
      data-split={split}
      role="separator"
      tabIndex={0}
      aria-label={t.divider}
      aria-orientation={beside ? 'vertical' : 'horizontal'}
      aria-valuenow={Math.round(share * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
      style={
        beside
          ? { left: at(x + w * share), top: at(y), height: at(h) }
          : { top: at(y + h * share), left: at(x), width: at(w) }
      }
      onKeyDown={key}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
    />
  )
}
