import { useEffect } from 'react'
import { Needs, useEditor } from '@/editor'
import { afterColon, isShape, kindOfId } from '@/protocol'
import { standsIn } from '@/store'
import { useValue } from '@/ui'
import { HistoryPanel } from './History'
import { InterfaceInspector } from './inspector/Interface'
import { NamespaceInspector } from './inspector/Namespace'
import { styles } from './parts'
import { usePanelTexts } from './texts'
import { Warnings } from './Warnings'

/** The inspector of what is selected (both ends of a link, one under the other), or the history. */
export function SidePanel() {
  const editor = useEditor()
  const t = usePanelTexts()
  const side = useValue(editor.side)
  const selection = useValue(editor.selection)
  const ids = [...selection].filter((id) => !isShape(id)).slice(0, 2)
  const looked = [...new Set(ids.map((id) => standsIn(afterColon(id))))].join(' ')
  useEffect(() => {
    editor.session.look(looked ? looked.split(' ') : [])
  }, [editor, looked])
  if (side === 'history') return <HistoryPanel />
  return (
    <section aria-label={t.inspector}>
      {ids.length === 0 && <p className={styles.empty}>{t.nothingSelected}</p>}
      {ids.map((id) =>
        kindOfId(id) === 'namespace' ? (
          <NamespaceInspector key={id} name={afterColon(id)} />
        ) : (
          <Needs key={id}>
            <InterfaceInspector ref_={afterColon(id)} />
          </Needs>
        ),
      )}
      {ids.length === 0 && <Warnings />}
    </section>
  )
}
