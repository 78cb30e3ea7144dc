import { useRef, useState } from 'react'
import { ProblemError } from '@/connection'
import { allProblems, refuseTooLong, useEditor } from '@/editor'
import type { AnyCommand, Planned } from '@/protocol'
import { Button, Dialog, FileButton, Segments } from '@/ui'
import { Refused, said, styles } from './parts'
import { usePanelTexts } from './texts'

/** A document from a file or the clipboard; the plan is seen before anything is done. */
export function ImportDialog({ text: given }: { text?: string | undefined }) {
  const t = usePanelTexts()
  const editor = useEditor()
  const [text, setText] = useState(given ?? '')
  const [beside, setBeside] = useState(false)
  const [error, setError] = useState<unknown>()
  const area = useRef<HTMLTextAreaElement>(null)
  const [plan, setPlan] = useState<{ planned: Planned; commands: AnyCommand[] }>()
  const [busy, setBusy] = useState(false)
  const read = async (file: File | undefined): Promise<void> => {
    setPlan(undefined)
    setError(undefined)
    try {
      if (!file) return
      refuseTooLong(file)
      setText(await file.text())
    } catch (reason) {
      setError(reason)
    }
  }
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
      setError(reason)
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
      setError(reason)
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
        <FileButton name={t.file} accept=".json,application/json" onFiles={([file]) => void read(file)} />
        <textarea
          ref={area}
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
        {error !== undefined && <Faults error={error} onGo={(at) => show(area.current, at)} />}
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

/** What is wrong, each at its place, which can be pressed. */
function Faults({ error, onGo }: { error: unknown; onGo: (at: readonly [number, number]) => void }) {
  const t = usePanelTexts()
  if (!(error instanceof ProblemError)) return <Refused text={said(error)} />
  const problems = allProblems(error.problem)
  return (
    <section className={styles.faults} role="alert" aria-label={t.faults(problems.length)}>
      <h3>{t.faults(problems.length)}</h3>
      <ol>
        {problems.map((problem) => {
          const { at, subject, message, hint } = problem
          const path = subject && subject !== '$' ? subject : ''
          return (
            <li key={`${at} ${subject} ${message}`}>
              {at && (
                <button type="button" onClick={() => onGo(at)}>
                  {t.place(at[0], at[1])}
                </button>
              )}{' '}
              {path && <code>{path}</code>} <span>{message}</span>
              {hint && <p>{hint}</p>}
            </li>
          )
        })}
      </ol>
    </section>
  )
}

/** Select the place in the text, and bring it into view. `at`: line and column, in characters, from 1. */
function show(area: HTMLTextAreaElement | null, [line, column]: readonly [number, number]): void {
  if (!area) return
  const lines = area.value.split('\n')
  const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0)
  const from = before + [...(lines[line - 1] ?? '')].slice(0, column - 1).join('').length
  area.focus()
  area.setSelectionRange(from, Math.min(from + 1, area.value.length))
  const height = Number.parseFloat(getComputedStyle(area).lineHeight) || 18
  area.scrollTop = Math.max(0, (line - 1) * height - area.clientHeight / 2)
}
