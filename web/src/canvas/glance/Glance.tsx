import { useEffect } from 'react'
import { type Editor, useEditor } from '@/editor'
import type { Board } from '../board'
import { useCamera } from '../flow'
import { Minimap } from './Minimap'
import { Search } from './Search'
import { useShown } from './shown'
import { TrafficMarks } from './TrafficMarks'
import { useTraffic } from './traffic'

/** What helps to see the state of a lab at a glance; inside of the flow. */
export function Glance({ board }: { board: Board }) {
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
