import { useState } from 'react'
import { drawStar, MOST, useEditor } from '@/editor'
import { usePopoverTexts } from '../texts/popovers'
import { Ask } from './Ask'
import { Text } from './LinkDialog'

/** So many namespaces on a bridge, each with a link and an address. */
export function StarDialog({ hub }: { hub: string }) {
  const editor = useEditor()
  const t = usePopoverTexts()
  const [count, setCount] = useState('5')
  const [stem, setStem] = useState('ns')
  const number = Number(count)
  return (
    <Ask
      title={t.starTitle(hub)}
      text={t.starText}
      verb={t.add}
      disabled={!(number >= 1 && number <= MOST) || stem === ''}
      make={() => drawStar(editor, hub, number, stem)}
    >
      <Text label={t.count} value={count} focus digits onChange={setCount} />
      <Text label={t.stem} value={stem} onChange={setStem} />
    </Ask>
  )
}
