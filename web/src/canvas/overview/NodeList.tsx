import { type KeyboardEvent, useEffect, useMemo, useState } from 'react'
import { useCanvasTexts } from '../texts'
import { recordOf } from './marks'
import styles from './Overview.module.css'
import type { NodeShape, Picture } from './picture'

const LEAP = 10

/** The drawn nodes for the keyboard and for screen readers: a list of which only the current entry is in the document.
 *
 * Arrows walk in the order of the canvas, Space selects, Enter opens. */
export function NodeList({
  picture,
  selection,
  onFocus,
  onPick,
  onOpen,
}: {
  picture: Picture
  selection: ReadonlySet<string>
  onFocus: (node: string | null) => void
  onPick: (node: NodeShape, add: boolean) => void
  onOpen: (node: NodeShape) => void
}) {
  const t = useCanvasTexts()
  const [at, setAt] = useState(0)
  const [focused, setFocused] = useState(false)
  const { nodes } = picture
  const order = useMemo(() => [...nodes].sort((a, b) => a.y - b.y || a.x - b.x), [nodes])
  const node = order[Math.min(at, order.length - 1)]
  useEffect(() => onFocus(focused ? (node?.id ?? null) : null), [focused, node, onFocus])
  if (!node) return null
  const name = node.of.kind === 'namespace' ? t.namespaceCard(node.id) : t.bridgeCard(node.id)
  const key = (event: KeyboardEvent): void => {
    const to = {
      ArrowDown: at + 1,
      ArrowRight: at + 1,
      ArrowUp: at - 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: order.length - 1,
      PageDown: at + LEAP,
      PageUp: at - LEAP,
    }[event.key]
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (to !== undefined) setAt(Math.max(0, Math.min(order.length - 1, to)))
    else if (event.key === ' ') onPick(node, event.shiftKey)
    else if (event.key === 'Enter') onOpen(node)
    else return
    event.preventDefault()
    event.nativeEvent.stopPropagation()
  }
  return (
    <div className={styles.list} role="listbox" aria-label={t.overviewList(order.length)} aria-multiselectable="true">
      <div
        role="option"
        tabIndex={0}
        aria-label={name}
        aria-selected={selection.has(recordOf(node))}
        aria-posinset={order.indexOf(node) + 1}
        aria-setsize={order.length}
        data-id={recordOf(node)}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        onKeyDown={key}
        onClick={(event) => onPick(node, event.shiftKey)}
      />
    </div>
  )
}
