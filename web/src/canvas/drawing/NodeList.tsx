import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Editor } from '@/editor'
import { nameOf, namespaceOf } from '@/protocol'
import { cachedInterfaceView } from '@/store'
import { useValue } from '@/ui'
import type { FlowCamera } from '../flow/port'
import { drawn } from '../input/drag'
import { focusCard } from '../input/focus'
import { idOf } from '../input/useNodeEvents'
import type { BoardNode } from '../model/board'
import { type Box, inCard } from '../model/geometry'
import { type CanvasTexts, stateWord, useCanvasTexts } from '../texts/canvas'
import { type ShapeTexts, useShapeTexts } from '../texts/shapes'
import styles from './Overview.module.css'
import type { OverviewScene } from './scene'

const LEAP = 10

/** What is drawn, for the keyboard and for screen readers: a list of which only the current entry is in the document, at the place of what it
 * stands for. Arrows walk and the menu opens as among the cards (input/useKeys.ts), Page and Home go by the list. Space selects, Enter opens. */
export function NodeList(props: { editor: Editor; scene: OverviewScene; onFocus: (node: string | null) => void }) {
  const { editor, scene, onFocus } = props
  const { picture, camera } = scene
  const [t, s] = [useCanvasTexts(), useShapeTexts()]
  const selection = useValue(editor.selection)
  const [at, setAt] = useState<string | null>(null)
  const [focused, setFocused] = useState(false)
  const { nodes, shapes } = picture
  const boxes = useMemo(() => new Map<string, Box>([...nodes, ...shapes].map((n) => [n.id, n])), [nodes, shapes])
  const order = useMemo(() => [...boxes].sort(([, a], [, b]) => a.y - b.y || a.x - b.x).map(([id]) => id), [boxes])
  const id = at !== null && boxes.has(at) ? at : order[0]
  const [of, box] = id === undefined ? [] : [picture.on(id), boxes.get(id)]
  const [list, option] = [useRef<HTMLDivElement>(null), useRef<HTMLDivElement>(null)]
  usePlaced(list, camera, box)
  const walked = useWalk(option, id)
  const go = (to: string | undefined): void => {
    show(scene, boxes.get(to ?? ''))
    walked(to)
    if (to !== undefined) setAt(to)
  }
  useEffect(() => onFocus(focused ? (id ?? null) : null), [focused, id, onFocus])
  useEffect(() => {
    drawn.focus = go
    return () => {
      drawn.focus = null
    }
  })
  if (id === undefined || !of || !box) return null
  const key = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const row = rowOf(event.key, order.indexOf(id), order.length)
    if (row !== undefined) go(order[row])
    else if (event.key === ' ') scene.choose(id, event.shiftKey)
    else if (event.key === 'Enter') focusCard(editor, id, null)
    else return
    event.preventDefault()
    event.nativeEvent.stopPropagation()
  }
  return (
    <div
      ref={list}
      className={styles.list}
      role="listbox"
      data-overview
      aria-label={t.overviewList(order.length)}
      aria-multiselectable="true"
    >
      <div
        key={id}
        ref={option}
        className={styles.option}
        role="option"
        tabIndex={0}
        aria-label={nameIn(editor, of, t, s)}
        aria-selected={selection.has(idOf(id))}
        aria-posinset={order.indexOf(id) + 1}
        aria-setsize={order.length}
        data-id={idOf(id)}
        data-node={id}
        onFocus={() => {
          setFocused(true)
          setAt(id)
        }}
        onBlur={() => setFocused(false)}
        onKeyDown={key}
        onClick={(event) => scene.choose(id, event.shiftKey)}
      />
    </div>
  )
}

/** Focuses the entry after a step, so that screen readers read it. */
function useWalk(option: RefObject<HTMLDivElement | null>, id: string | undefined): (to: string | undefined) => void {
  const due = useRef(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another entry has another element
  useLayoutEffect(() => {
    if (due.current) option.current?.focus({ preventScroll: true })
    due.current = false
  }, [option, id])
  return (to) => {
    due.current = to !== id
    if (to === id) option.current?.focus({ preventScroll: true })
  }
}

/** Positions the list where its entry is drawn, so that menus and tooltips open there. */
function usePlaced(list: RefObject<HTMLDivElement | null>, camera: FlowCamera, box: Box | undefined): void {
  useLayoutEffect(() => {
    const place = (): void => {
      const { x, y, zoom } = camera.get()
      const px = (length: number): string => `${Math.round(length)}px`
      if (!box || !list.current) return
      const [left, top] = [px(box.x * zoom + x), px(box.y * zoom + y)]
      Object.assign(list.current.style, { left, top, width: px(box.w * zoom), height: px(box.h * zoom) })
    }
    place()
    return camera.subscribe(place)
  }, [list, camera, box])
}

function rowOf(key: string, at: number, count: number): number | undefined {
  const to = { Home: 0, End: count - 1, PageDown: at + LEAP, PageUp: at - LEAP }[key]
  return to === undefined ? undefined : Math.max(0, Math.min(count - 1, to))
}

/** Bring it into sight, as small as everything is. */
function show({ camera }: OverviewScene, box: Box | undefined): void {
  const { x, y, zoom, width, height } = camera.get()
  const [left, top] = box ? [box.x * zoom + x, box.y * zoom + y] : [0, 0]
  if (!box || (left >= 0 && top >= 0 && left + box.w * zoom <= width && top + box.h * zoom <= height)) return
  camera.centre({ x: box.x + box.w / 2, y: box.y + box.h / 2 })
}

/** The accessible name, as on its card. */
function nameIn(editor: Editor, of: BoardNode, t: CanvasTexts, s: ShapeTexts): string {
  switch (of.kind) {
    case 'namespace':
      return t.namespaceName(of.id, inCard(of.card))
    case 'bridge': {
      const state = cachedInterfaceView(editor.lab, of.id)?.state ?? 'pending'
      return t.bridgeName(nameOf(of.id), namespaceOf(of.id), stateWord(t, state), of.box.ports.length)
    }
    case 'area':
      return s.area(of.area.label || of.area.name, of.locked)
    case 'note':
      return s.note(of.note.name, of.locked)
  }
}
