import { useEffect, useRef } from 'react'
import { Needs, useEditor } from '@/editor'
import { afterColon, isShape, kindOfId } from '@/protocol'
import { namespaceOfNode } from '@/store'
import { useValue } from '@/ui'
import { HistoryPanel } from './History'
import { InterfaceInspector } from './inspector/Interface'
import { LabInspector } from './inspector/Lab'
import { NamespaceInspector } from './inspector/Namespace'
import { ShapeInspector } from './inspector/Shape'
import { styles } from './parts'
import { usePanelTexts } from './texts'

/** Details are shown of at most so many selected elements: a link has two ends. */
const SHOWN = 2

/** The inspector of what is selected (both ends of a link, one under the other), of the lab where nothing is, or the history. */
export function SidePanel() {
  const editor = useEditor()
  const t = usePanelTexts()
  const side = useValue(editor.side)
  const selection = useValue(editor.selection)
  const nodes = [...selection].filter((id) => !isShape(id))
  const ids = nodes.slice(0, SHOWN)
  const shapes = nodes.length === 0 ? [...selection].slice(0, SHOWN) : []
  const top = useRef<HTMLElement>(null)
  const first = ids[0] ?? shapes[0]
  // what is selected next is read from its beginning
  // biome-ignore lint/correctness/useExhaustiveDependencies: for each that comes first
  useEffect(() => {
    const box = top.current?.parentElement
    if (box) box.scrollTop = 0
  }, [first])
  const looked = [...new Set(ids.map((id) => namespaceOfNode(afterColon(id))))].join(' ')
  useEffect(() => {
    editor.session.look(looked ? looked.split(' ') : [])
  }, [editor, looked])
  if (side === 'history') return <HistoryPanel />
  return (
    <section ref={top} aria-label={t.inspector}>
      {selection.size > SHOWN && <p className={styles.several}>{t.several(selection.size, SHOWN)}</p>}
      {selection.size === 0 && <LabInspector />}
      {ids.map((id) =>
        kindOfId(id) === 'namespace' ? (
          <NamespaceInspector key={id} name={afterColon(id)} />
        ) : (
          <Needs key={id}>
            <InterfaceInspector ref_={afterColon(id)} />
          </Needs>
        ),
      )}
      {shapes.map((id) => (
        <ShapeInspector key={id} id={id} />
      ))}
    </section>
  )
}
