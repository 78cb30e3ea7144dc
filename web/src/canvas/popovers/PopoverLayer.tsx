import { useEditor } from '@/editor'
import { useValue } from '@/ui'
import { ChooseNode } from './ChooseNode'
import { EndsEditor } from './EndsEditor'

/** Shows the popover that a gesture opened. */
export function PopoverLayer() {
  const editor = useEditor()
  const popover = useValue(editor.popover)
  if (popover === null) return null
  if (popover.kind === 'choose') return <ChooseNode from={popover.from} at={popover.at} />
  return <EndsEditor key={popover.links.flat().join(' ')} links={popover.links} at={popover.at} />
}
