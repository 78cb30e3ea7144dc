import { useEffect, useState } from 'react'
import { ProblemError } from '@/connection'
import { allProblems, inDocument, refuseTooLong, useEditor } from '@/editor'
import { type AnyCommand, afterColon, type Exported, kindOfId, type Planned } from '@/protocol'
import { Button, Dialog, FileButton, Segments, Select, useValue } from '@/ui'
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
          <ul className={styles.hint}>
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

/** A document from a file or the clipboard; the plan is seen before anything is done. */
export function ImportDialog({ text: given }: { text?: string | undefined }) {
  const t = usePanelTexts()
  const editor = useEditor()
  const [text, setText] = useState(given ?? '')
  const [beside, setBeside] = useState(false)
  const [error, setError] = useState<string>()
  const [plan, setPlan] = useState<{ planned: Planned; commands: AnyCommand[] }>()
  const [busy, setBusy] = useState(false)
  const look = async (): Promise<void> => {
    setError(undefined)
    setPlan(undefined)
    try {
      refuseTooLong(text)
      const commands: AnyCommand[] = [
        beside ? { do: 'paste', document: text, into: 'host', at: null } : { do: 'apply-document', document: text },
      ]
      setPlan({ planned: await editor.plan(commands), commands })
    } catch (reason) {
      setError(reason instanceof ProblemError ? allProblems(reason.problem).map(inDocument).join('\n') : said(reason))
    }
  }
  const apply = async (): Promise<void> => {
    if (!plan) return
    setBusy(true)
    try {
      await editor.request(plan.commands, t.imported, false)
      editor.dialog.set(null)
      editor.viewport.get()?.fit()
    } catch (reason) {
      setError(said(reason))
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={t.importTitle}
      wide
      onClose={() => editor.dialog.set(null)}
      footer={
        plan ? (
          <Button variant="primary" disabled={busy} onClick={() => void apply()}>
            {busy ? t.applying : t.apply(plan.planned.steps.length)}
          </Button>
        ) : (
          <Button variant="primary" disabled={!text.trim()} onClick={() => void look()}>
            {t.preview}
          </Button>
        )
      }
    >
      <div className={styles.stack}>
        <FileButton
          name={t.file}
          accept=".json,application/json"
          onFiles={async ([file]) => {
            if (file) setText(await file.text())
            setPlan(undefined)
          }}
        />
        <textarea
          className={styles.area}
          aria-label={t.document}
          spellCheck={false}
          placeholder='{"vethboard": 1, "namespaces": {"ns0": {}}}'
          value={text}
          onChange={(e) => {
            setText(e.target.value)
            setPlan(undefined)
          }}
        />
        <Segments
          label={t.importAs}
          value={beside ? 'beside' : 'whole'}
          options={[
            ['whole', t.importWhole],
            ['beside', t.importBeside],
          ]}
          onChange={(next) => {
            setBeside(next === 'beside')
            setPlan(undefined)
          }}
        />
        <Refused text={error} />
        {plan && (
          <section aria-label={t.plan}>
            <pre className={styles.code}>
              {plan.planned.shell.length > 0 ? plan.planned.shell.join('\n') : t.nothingToDo}
            </pre>
          </section>
        )}
      </div>
    </Dialog>
  )
}
