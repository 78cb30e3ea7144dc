import { type Diagnostic, linter } from '@codemirror/lint'
import { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { type RefObject, useEffect, useRef, useState } from 'react'
import { LostError } from '@/connection'
import { type Editor, matches, Needs, refuseTooLong, useEditor } from '@/editor'
import { Button, Switch, useValue } from '@/ui'
import { check, type Verdict } from './check'
import { pick, setup } from './codemirror'
import { PlanView } from './PlanView'
import { entryOf, pathAt, pathOfRecord, recordAt } from './paths'
import styles from './source.module.css'
import { useSourceTexts } from './texts'
import { type Text, useText } from './useText'

/** Pause after typing before the text is checked, in ms. */
const CHECK_MS = 350

/** The document as text beside the canvas; each follows the other. What is written and not applied is kept, for each lab its own. */
export default function SourcePanel({ active }: { active: boolean }) {
  const lab = useValue(useEditor().session.current)
  return <Source key={lab} active={active} />
}

function Source({ active }: { active: boolean }) {
  const t = useSourceTexts()
  const editor = useEditor()
  const view = useRef<EditorView | null>(null)
  const text = useText(view)
  const [verdict, setVerdict] = useState<Verdict>({ kind: 'same' })
  const [planned, setPlanned] = useState(false)
  const [direct, setDirect] = useState(false)
  const latest = useRef({ text, direct })
  latest.current = { text, direct }
  const box = useCodeMirror(editor, view, latest, setVerdict)
  usePicked(editor, view, active)
  const shown: Verdict = text.dirty ? verdict : { kind: 'same' }
  const plan = shown.kind === 'plan' && planned ? shown.plan : null
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: one key for all that is inside
    <div
      className={styles.panel}
      onKeyDown={(event) => {
        if (!matches('Mod+S', event.nativeEvent)) return
        event.preventDefault()
        if (text.dirty && !text.busy) void text.apply()
      }}
    >
      <Bar text={text} verdict={shown} planned={planned} onPlanned={setPlanned} direct={direct} onDirect={setDirect} />
      <Meanwhile text={text} />
      <div className={styles.split}>
        <section ref={box} className={styles.code} aria-label={t.source} />
        {plan && (
          <div className={styles.beside}>
            <PlanView plan={plan} />
          </div>
        )}
      </div>
    </div>
  )
}

type Latest = RefObject<{ text: Text; direct: boolean }>

/** Makes the editor in the element that it returns a ref for. */
function useCodeMirror(
  editor: Editor,
  view: RefObject<EditorView | null>,
  latest: Latest,
  onVerdict: (verdict: Verdict) => void,
): RefObject<HTMLElement | null> {
  const t = useSourceTexts()
  const box = useRef<HTMLElement>(null)
  useEffect(() => {
    if (!box.current) return
    const names = () => [...editor.lab.scene.get().interfaces.values()]
    const made = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: view.current?.state.doc ?? editor.drafts.get(editor.session.current.get() ?? '')?.text ?? '',
        extensions: [
          setup(t.source, names),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.text.changed()
            if (update.selectionSet && update.transactions.some((tr) => tr.isUserEvent('select')))
              selectAt(editor, update.state)
          }),
          linter((now) => checked(editor, now, latest, onVerdict), { delay: CHECK_MS }),
        ],
      }),
    })
    view.current = made
    return () => made.destroy()
  }, [editor, view, latest, onVerdict, t])
  return box
}

/** The text is checked while it differs; with `direct`, what is right is applied. */
async function checked(
  editor: Editor,
  view: EditorView,
  latest: Latest,
  onVerdict: (verdict: Verdict) => void,
): Promise<readonly Diagnostic[]> {
  if (!latest.current.text.dirty) return []
  onVerdict({ kind: 'checking' })
  const { doc } = view.state
  try {
    const found = await check(view, async (document) => {
      refuseTooLong(document)
      return editor.plan([{ do: 'apply-document', document }])
    })
    if (view.state.doc !== doc) return []
    onVerdict(found.verdict)
    const { text, direct } = latest.current
    if (direct && found.verdict.kind === 'plan' && text.dirty && text.meanwhile === null) void text.apply()
    return found.diagnostics
  } catch (error) {
    if (!(error instanceof LostError)) editor.fail(error)
    return []
  }
}

/** Where the cursor was put is what is selected on the canvas. */
function selectAt(editor: Editor, state: EditorState): void {
  const id = recordAt(pathAt(state, state.selection.main.head))
  if (id !== null && !editor.selection.get().has(id)) editor.select([id])
}

/** What is selected on the canvas is marked in the text, and brought into view. */
function usePicked(editor: Editor, view: RefObject<EditorView | null>, active: boolean): void {
  const selection = useValue(editor.selection)
  const version = useValue(editor.lab.document)
  // biome-ignore lint/correctness/useExhaustiveDependencies: places change with the document
  useEffect(() => {
    const now = view.current
    if (!now || !active) return
    const ranges = [...selection].flatMap((id) => {
      const path = pathOfRecord(id)
      return (path && entryOf(now.state, path)) ?? []
    })
    ranges.sort((a, b) => a.from - b.from)
    const [first] = ranges
    const scroll = first && !now.hasFocus ? [EditorView.scrollIntoView(first.from, { y: 'center' })] : []
    now.dispatch({ effects: [pick.of(ranges), ...scroll] })
  }, [selection, version, active, view])
}

function Bar({
  text,
  verdict,
  planned,
  onPlanned,
  direct,
  onDirect,
}: {
  text: Text
  verdict: Verdict
  planned: boolean
  onPlanned: (planned: boolean) => void
  direct: boolean
  onDirect: (direct: boolean) => void
}) {
  const t = useSourceTexts()
  const editor = useEditor()
  const { on } = useValue(editor.staging.state)
  const wire = useValue(editor.session.connection.state)
  return (
    <div className={styles.bar}>
      <p className={styles.verdict} data-kind={verdict.kind} role="status">
        {wire === 'open' ? words(t, verdict) : t.lost}
      </p>
      {verdict.kind === 'plan' && verdict.plan.steps.length > 0 && (
        <Button size="s" variant="plain" onClick={() => onPlanned(!planned)}>
          {planned ? t.hidePlan : t.showPlan}
        </Button>
      )}
      <span className={styles.space} />
      <Switch label={t.whenValid} checked={direct} onChange={onDirect} />
      <Button size="s" disabled={!text.dirty || text.busy} onClick={text.revert}>
        {t.revert}
      </Button>
      <Needs>
        <Button
          size="s"
          variant="primary"
          disabled={!text.dirty || text.busy || verdict.kind === 'wrong' || wire !== 'open'}
          onClick={() => void text.apply()}
        >
          {text.busy ? t.applying : on ? t.stage : t.apply}
        </Button>
      </Needs>
    </div>
  )
}

function words(t: ReturnType<typeof useSourceTexts>, verdict: Verdict): string {
  if (verdict.kind === 'same') return t.same
  if (verdict.kind === 'checking') return t.checking
  return verdict.kind === 'wrong' ? t.errors(verdict.problems) : t.steps(verdict.plan.steps.length)
}

function Meanwhile({ text }: { text: Text }) {
  const t = useSourceTexts()
  if (text.meanwhile === null) return null
  if (text.meanwhile === 'merged') {
    return (
      <p className={styles.note} role="status">
        {t.merged}
      </p>
    )
  }
  return (
    <div className={styles.note} data-level="warning" role="status">
      <p>{t.conflict}</p>
      <Button size="s" onClick={text.revert}>
        {t.takeTheirs}
      </Button>
      <Button size="s" onClick={text.keepMine}>
        {t.keepMine}
      </Button>
    </div>
  )
}
