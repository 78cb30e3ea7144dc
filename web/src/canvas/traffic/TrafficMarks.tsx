import { useEffect, useRef, useState } from 'react'
import { useEditor } from '@/editor'
import { usePart } from '@/ui'
import { useCamera, useOverview } from '../flow/camera'
import type { Board } from '../model/board'
import { Motion } from './motion'
import styles from './TrafficMarks.module.css'

/** Marks that move over busy links while traffic is shown: behind the cards, or over the drawing of thousands. */
export function TrafficMarks({ board }: { board: Board }) {
  const on = usePart(useEditor().view, (view) => view.traffic)
  return on ? <Marks board={board} /> : null
}

function Marks({ board }: { board: Board }) {
  const editor = useEditor()
  const camera = useCamera()
  const far = useOverview(board)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [motion] = useState(() => new Motion(editor, camera))
  useEffect(() => motion.show(board), [motion, board])
  useEffect(() => (canvas.current ? motion.start(canvas.current) : undefined), [motion])
  return <canvas ref={canvas} className={styles.marks} data-far={far || undefined} data-testid="moving" />
}
