import { useEffect, useRef, useState } from 'react'
import { type Editor, useDenied, useEditor } from '@/editor'
import { useValue } from '@/ui'
import { useCamera, useOverview } from '../flow/camera'
import type { FlowEvents } from '../flow/port'
import { useCanvas } from '../input/context'
import type { Board } from '../model/board'
import { listen } from './listen'
import { NodeList } from './NodeList'
import styles from './Overview.module.css'
import { OverviewScene } from './scene'

/** How long the overview stays while the cards are rendered below it, in ms. */
const FADE_MS = 160

/** Zoomed out, the whole scene in one drawing: hundreds of cards would cost more than a frame has. */
export function OverviewLayer({ board, events }: { board: Board; events: FlowEvents }) {
  const editor = useEditor()
  const on = useOverview(board)
  const [drawn, setDrawn] = useState(on)
  useEffect(() => {
    if (on) setDrawn(true)
    const timer = on ? undefined : setTimeout(() => setDrawn(false), FADE_MS)
    return () => clearTimeout(timer)
  }, [on])
  if (!on && !drawn) return null
  return <Layer editor={editor} board={board} events={events} on={on} />
}

function Layer({ editor, board, events, on }: { editor: Editor; board: Board; events: FlowEvents; on: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const camera = useCamera()
  const tools = useCanvas()
  const fixed = useDenied() !== undefined
  const latest = useRef({ events, fixed })
  latest.current = { events, fixed }
  const [scene] = useState(() => new OverviewScene(editor, camera, tools, () => latest.current))
  const [focus, setFocus] = useState<string | null>(null)
  scene.focus = focus
  scene.update(board)
  useEffect(() => (canvas.current ? scene.attach(canvas.current) : undefined), [scene])
  useEffect(() => (on ? listen(canvas.current?.parentElement, scene) : undefined), [scene, on])
  useWriting(editor, on)
  return (
    <>
      <canvas ref={canvas} className={styles.overview} data-on={on || undefined} data-testid="overview" />
      {on && <NodeList editor={editor} scene={scene} onFocus={setFocus} />}
    </>
  )
}

/** What is to be written on, as by F2, comes near. */
function useWriting(editor: Editor, on: boolean): void {
  const writing = useValue(editor.inline)
  useEffect(() => {
    if (on && writing !== null) editor.viewport.get()?.reveal(writing)
  }, [editor, on, writing])
}
