import { type PointerEvent, useEffect, useRef, useState } from 'react'
import { type Editor, useEditor, useViewTexts } from '@/editor'
import { usePart } from '@/ui'
import { readColours, watchColours } from '../drawing/colours'
import { StoreMarks } from '../drawing/marks'
import { paint } from '../drawing/paint'
import { type Camera, visibleBox } from '../drawing/pass'
import { useCamera } from '../flow/camera'
import type { FlowCamera } from '../flow/port'
import type { Board } from '../model/board'
import { around } from '../model/boxes'
import type { Box } from '../model/geometry'
import { Picture } from '../model/picture'
import styles from './Minimap.module.css'

const SIZE = { width: 200, height: 140 }
const MARGIN = 10
/** The map is drawn again at most so often, in ms. */
const CALM_MS = 200

/** The whole lab, small, with a frame around what is seen. */
export function Minimap({ board }: { board: Board }) {
  const editor = useEditor()
  const on = usePart(editor.view, (view) => view.minimap)
  return on ? <MapOf editor={editor} board={board} /> : null
}

/** So that everything fits. */
export function fitting(all: Box): Camera {
  const zoom = Math.min((SIZE.width - 2 * MARGIN) / all.w, (SIZE.height - 2 * MARGIN) / all.h, 0.3)
  return { zoom, x: (SIZE.width - all.w * zoom) / 2 - all.x * zoom, y: (SIZE.height - all.h * zoom) / 2 - all.y * zoom }
}

function MapOf({ editor, board }: { editor: Editor; board: Board }) {
  const t = useViewTexts()
  const canvas = useRef<HTMLCanvasElement>(null)
  const frame = useRef<HTMLDivElement>(null)
  const camera = useCamera()
  const map = fitting(around(board.nodes.filter((n) => n.kind === 'namespace')) ?? { x: 0, y: 0, w: 1, h: 1 })
  const { x, y, zoom } = map
  const [pressed, setPressed] = useState(false)
  useEffect(() => draw(editor, board, { x, y, zoom }, canvas.current), [editor, board, x, y, zoom])
  useEffect(() => follow(camera, { x, y, zoom }, frame.current), [camera, x, y, zoom])
  const go = (event: PointerEvent<HTMLElement>): void => {
    const box = event.currentTarget.getBoundingClientRect()
    camera.centre({ x: (event.clientX - box.left - x) / zoom, y: (event.clientY - box.top - y) / zoom })
  }
  return (
    <div
      role="img"
      aria-label={t.minimapHelp}
      className={`${styles.map} nopan nowheel`}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        setPressed(true)
        go(event)
      }}
      onPointerMove={(event) => pressed && go(event)}
      onPointerUp={() => setPressed(false)}
      onPointerCancel={() => setPressed(false)}
    >
      <canvas ref={canvas} />
      <div ref={frame} className={styles.frame} />
    </div>
  )
}

/** Draw it now, and again a moment after something changed. */
function draw(editor: Editor, board: Board, map: Camera, canvas: HTMLCanvasElement | null): (() => void) | undefined {
  const ctx = canvas?.getContext('2d')
  if (!canvas || !ctx) return undefined
  const picture = new Picture()
  picture.update(board)
  const marks = new StoreMarks(editor)
  marks.take(picture)
  let timer: ReturnType<typeof setTimeout> | undefined
  const now = (): void => {
    timer = undefined
    const ratio = window.devicePixelRatio || 1
    Object.assign(canvas, { width: SIZE.width * ratio, height: SIZE.height * ratio })
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
    paint(ctx, picture, map, SIZE, readColours(), marks, null)
  }
  const later = (): void => {
    timer ??= setTimeout(now, CALM_MS)
  }
  const off = [editor.lab.live.watch((ids) => marks.changed(ids) && later()), watchColours(later)]
  now()
  return () => {
    clearTimeout(timer)
    for (const end of off) end()
  }
}

/** Keep the frame around what is seen. */
function follow(camera: FlowCamera, map: Camera, frame: HTMLDivElement | null): (() => void) | undefined {
  if (!frame) return undefined
  const put = (): void => {
    const now = camera.get()
    const area = visibleBox(now, now)
    const [left, top] = [area.x * map.zoom + map.x, area.y * map.zoom + map.y]
    Object.assign(frame.style, { left: `${left}px`, top: `${top}px` })
    Object.assign(frame.style, { width: `${area.w * map.zoom}px`, height: `${area.h * map.zoom}px` })
  }
  put()
  return camera.subscribe(put)
}
