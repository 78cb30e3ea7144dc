import { useEffect, useState } from 'react'
import { useEditor } from '@/editor'
import { whenLong, whenShort } from '@/i18n/when'
import type { Change } from '@/protocol'
import { Empty, usePart, useValue } from '@/ui'
import { styles } from './parts'
import { usePanelTexts } from './texts'

/** Who changed what, newest first, with the equivalent commands. */
export function HistoryPanel() {
  const t = usePanelTexts()
  const editor = useEditor()
  const lab = useValue(editor.session.current)
  const labels = usePart(editor.lab.meta, (meta) => `${meta.undo} ${meta.redo}`)
  const revision = `${useValue(editor.lab.revision)} ${labels}`
  const now = useMinute()
  const [changes, setChanges] = useState<readonly Change[]>([])
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when the lab has changed
  useEffect(() => {
    if (lab === null) return
    let here = true
    editor.session.connection
      .request<'history'>({ type: 'history', lab })
      .done.then((list) => here && setChanges([...list.changes].reverse()))
      .catch(() => undefined)
    return () => {
      here = false
    }
  }, [editor, lab, revision])
  return (
    <section aria-label={t.history}>
      <header className={styles.title}>
        <h2>{t.history}</h2>
      </header>
      {changes.length === 0 && <Empty>{t.noHistory}</Empty>}
      {changes.map((change) => (
        <div key={change.number} className={styles.section}>
          <div
            className={styles.row}
            style={change.undone ? { textDecoration: 'line-through', opacity: 0.6 } : undefined}
          >
            <span className={styles.grow}>{change.context.label || t.edit}</span>
            <span className={styles.dim} title={change.context.name ? t.by(change.context.author) : undefined}>
              {change.context.name || change.context.author}
            </span>
            <time className={styles.dim} dateTime={change.context.at} title={whenLong(change.context.at ?? '')}>
              {whenShort(change.context.at ?? '', now)}
            </time>
          </div>
          {change.shell && change.shell.length > 0 && (
            <details>
              <summary className={styles.dim}>{t.commands}</summary>
              <pre className={styles.code}>{change.shell.join('\n')}</pre>
            </details>
          )}
        </div>
      ))}
    </section>
  )
}

/** The current time, updated each minute. */
function useMinute(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
