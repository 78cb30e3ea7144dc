import { useEditor } from '@/editor'
import { afterColon } from '@/protocol'
import { usePart } from '@/ui'
import { Section, styles } from './parts'
import { usePanelTexts } from './texts'

/** What stops nothing, but is probably not meant: the same address twice on a segment, and the like. */
export function Warnings() {
  const t = usePanelTexts()
  const editor = useEditor()
  const warnings = usePart(editor.lab.meta, (meta) => meta.warnings)
  if (warnings.length === 0) return null
  return (
    <Section title={t.warnings}>
      {warnings.map((w) => (
        <div key={`${w.subject} ${w.message}`} className={styles.reason}>
          <button type="button" className={styles.link} onClick={() => w.subject && editor.show(w.subject)}>
            {w.subject && afterColon(w.subject)}
          </button>
          <p>{w.message}</p>
          <p className={styles.dim}>{w.hint}</p>
        </div>
      ))}
    </Section>
  )
}
