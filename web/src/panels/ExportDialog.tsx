import { useEffect, useState } from 'react'
import { useEditor } from '@/editor'
import { afterColon, type Exported, kindOfId } from '@/protocol'
import { Button, Dialog, Select, useValue } from '@/ui'
import { Refused, said, styles } from './parts'
import { usePanelTexts } from './texts'

/** What can be exported by itself. */
const PARTS: ReadonlySet<string> = new Set(['namespace', 'interface', 'area', 'note'])

type Format = 'json' | 'shell'

/** The document, or what the kernel is, as JSON or as a shell script. */
export function ExportDialog() {
  const t = usePanelTexts()
  const editor = useEditor()
  const [format, setFormat] = useState<Format>('json')
  const [observed, setObserved] = useState(false)
  const selection = useValue(editor.selection)
  const selected = [...selection].filter((id) => PARTS.has(kindOfId(id)))
  const [part, setPart] = useState(false)
  const ids = part && selected.length > 0 ? selected.join('\n') : null
  const [{ text, unheld }, setExported] = useState<Pick<Exported, 'text' | 'unheld'>>({ text: '', unheld: [] })
  const [error, setError] = useState<string>()
  const lab = editor.session.current.get() ?? ''
  useEffect(() => {
    let here = true
    editor.session.connection
      .request<'export'>({ type: 'export', lab, format, observed, ids: ids?.split('\n') ?? null })
      .done.then((result) => here && setExported(result))
      .catch((reason) => here && setError(said(reason)))
    return () => {
      here = false
    }
  }, [editor, lab, format, observed, ids])
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
    const link = document.createElement('a')
    link.href = url
    link.download = `${lab}.${format === 'json' ? 'json' : 'sh'}`
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), 1000)
  }
  return (
    <Dialog
      title={t.exportTitle}
      wide
      onClose={() => editor.dialog.set(null)}
      footer={
        <>
          <Button onClick={() => void navigator.clipboard.writeText(text)}>{t.copy}</Button>
          <Button variant="primary" onClick={save}>
            {t.download}
          </Button>
        </>
      }
    >
      <div className={styles.fields} style={{ marginBottom: 10 }}>
        <Select aria-label={t.format} value={format} onChange={(e) => setFormat(e.target.value as Format)}>
          <option value="json">JSON</option>
          <option value="shell">{t.shellScript}</option>
        </Select>
        <Select
          aria-label={t.what}
          value={observed ? 'observed' : 'desired'}
          onChange={(e) => setObserved(e.target.value === 'observed')}
        >
          <option value="desired">{t.theDocument}</option>
          <option value="observed">{t.theKernel}</option>
        </Select>
        {selected.length > 0 && (
          <Select
            aria-label={t.part}
            value={part ? 'selection' : 'all'}
            onChange={(e) => setPart(e.target.value === 'selection')}
          >
            <option value="all">{t.wholeLab}</option>
            <option value="selection">{t.selection(selected.length)}</option>
          </Select>
        )}
      </div>
      <section aria-label={t.exportTitle}>
        <pre className={styles.code}>{text}</pre>
      </section>
      {unheld.length > 0 && (
        <section aria-label={t.unheld}>
          <p className={styles.hint}>{t.unheld}</p>
          <ul className={styles.hint} style={{ paddingInlineStart: 18 }}>
            {unheld.map((problem) => (
              <li key={`${problem.subject} ${problem.message}`}>
                <code>{afterColon(problem.subject ?? '')}</code> {problem.message}
              </li>
            ))}
          </ul>
        </section>
      )}
      <Refused text={error} />
    </Dialog>
  )
}
