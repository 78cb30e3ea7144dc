import { useEditor } from '@/editor'
import { useValue } from '@/ui'
import { ChooseNode } from './ChooseNode'
import { EndsEditor } from './EndsEditor'

/** What stands open on the canvas where a gesture ended. */
export function SpotLayer() {
  const editor = useEditor()
  const spot = useValue(editor.spot)
  if (spot === null) return null
  if (spot.kind === 'choose') return <ChooseNode from={spot.from} at={spot.at} />
  return <EndsEditor key={spot.links.flat().join(' ')} links={spot.links} at={spot.at} />
}
