import { useEffect } from 'react'
import { type Editor, useEditor } from '@/editor'
import { useCamera } from '../flow/camera'
import type { Board } from '../model/board'
import { useShown } from '../model/shown'
import { TrafficMarks } from '../traffic/TrafficMarks'
import { useTraffic } from '../traffic/traffic'
import { Minimap } from './Minimap'
import { Search } from './Search'

/** Traffic marks, minimap and search, inside React Flow. */
export function Overlays({ board }: { board: Board }) {
  const editor = useEditor()
  useCalm(editor)
  useTraffic(editor, board)
  useShown(editor, board)
  return (
    <>
      <TrafficMarks board={board} />
      <Minimap board={board} />
      <Search />
    </>
  )
}

/** While the view moves, record updates are slowed down. */
function useCalm(editor: Editor): void {
  const camera = useCamera()
  useEffect(() => camera.subscribe(() => editor.lab.pace.gesture()), [camera, editor])
}
