import { useEditor } from '@/editor'
import type { Board } from '../board'
import { Minimap } from './Minimap'
import { Search } from './Search'
import { useShown } from './shown'
import { useTraffic } from './traffic'

/** What helps to see the state of a lab at a glance; inside of the flow. */
export function Glance({ board }: { board: Board }) {
  const editor = useEditor()
  useTraffic(editor, board)
  useShown(editor, board)
  return (
    <>
      <Minimap board={board} />
      <Search />
    </>
  )
}
