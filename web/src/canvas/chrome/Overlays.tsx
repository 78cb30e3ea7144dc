import { useEffect } from 'react'
import { type Editor, useEditor } from '@/editor'
import { useCamera } from '../flow/camera'
import type { Board } from '../model/board'
import { useShown } from '../model/shown'
import { TrafficMarks } from '../traffic/TrafficMarks'
import { useTraffic } from '../traffic/traffic'
import { Minimap } from './Minimap'
import { Search } from './Search'

/** What helps to see the state of a lab at a glance; inside of the flow. */
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

/** While the view moves its frames are for that. */
function useCalm(editor: Editor): void {
  const camera = useCamera()
  useEffect(() => camera.subscribe(() => editor.lab.pace.gesture()), [camera, editor])
}
