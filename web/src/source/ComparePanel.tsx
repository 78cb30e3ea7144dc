import { useEffect, useState } from 'react'
import { errorMessage, refuseTooLong, useEditor } from '@/editor'
import type { Change, Compared, Side } from '@/protocol'
import { Button, Empty, FileButton, Segments, Select, useValue } from '@/ui'
import { changeRows, textLines } from './changes'
import { useCompareTexts } from './compareTexts'
import styles from './source.module.css'

type With = 'document' | 'lab' | 'history'

/** The lab beside a document, another lab or a point of its history: in words, as text, and on the canvas. */
export default function ComparePanel() {
  const t = useCompareTexts()
  const editor = useEditor()
  const lab = useValue(editor.session.current) ?? ''
  const [kind, setKind] = useState<With>('history')
  const [side, setSide] = useState<Side>()
  const [found, setFound] = useState<Compared>()
  const [error, setError] = useState<string>()
  const version = useValue(editor.lab.document)
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when the lab has changed
  useEffect(() => {
    setError(undefined)
    if (!side) return setFound(undefined)
    let here = true
    editor.session.connection
      .request<'compare'>({ type: 'compare', lab, after: side })
      .done.then((result) => here && setFound(result))
      .catch((reason) => {
        if (!here) return
        setFound(undefined)
        setError(errorMessage(reason))
      })
    return () => {
      here = false
    }
  }, [editor, lab, side, version])
  useOnCanvas(found)
  return (
    <div className={styles.panel}>
      <div className={styles.bar}>
        <Segments
          label={t.compareWith}
          value={kind}
          options={[
            ['history', t.history],
            ['lab', t.otherLab],
            ['document', t.document],
          ]}
          onChange={(next) => {
            setKind(next)
            setSide(undefined)
          }}
        />
        <Choice key={kind} kind={kind} lab={lab} onSide={setSide} onError={setError} />
        <span className={styles.space} />
        <Button size="s" variant="plain" disabled={!side} onClick={() => setSide(undefined)}>
          {t.clear}
        </Button>
      </div>
      {error && (
        <p role="alert" className={styles.problem}>
          {error}
        </p>
      )}
      {found ? <Result found={found} /> : <Empty>{t.choose}</Empty>}
    </div>
  )
}

interface ChoiceProps {
  kind: With
  lab: string
  onSide: (side: Side) => void
  onError: (text: string) => void
}

function Choice({ kind, lab, onSide, onError }: ChoiceProps) {
  const t = useCompareTexts()
  const editor = useEditor()
  const labs = useValue(editor.session.labs) ?? []
  if (kind === 'history') return <Points lab={lab} onSide={onSide} />
  if (kind === 'lab') {
    return (
      <Select aria-label={t.otherLab} defaultValue="" onChange={(e) => onSide({ lab: e.target.value })}>
        <option value="" disabled>
          {t.chooseLab}
        </option>
        {labs
          .filter((info) => info.lab !== lab)
          .map((info) => (
            <option key={info.lab}>{info.lab}</option>
          ))}
      </Select>
    )
  }
  const read = async (file: File | undefined): Promise<void> => {
    if (!file) return
    try {
      const document = await file.text()
      refuseTooLong(document)
      onSide({ document })
    } catch (reason) {
      onError(errorMessage(reason))
    }
  }
  return <FileButton name={t.file} accept=".json,application/json" onFiles={([file]) => void read(file)} />
}

function Points({ lab, onSide }: { lab: string; onSide: (side: Side) => void }) {
  const t = useCompareTexts()
  const editor = useEditor()
  const [changes, setChanges] = useState<readonly Change[]>([])
  const version = useValue(editor.lab.revision)
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when the lab has changed
  useEffect(() => {
    let here = true
    editor.session.connection
      .request<'history'>({ type: 'history', lab })
      .done.then((page) => here && setChanges(page.changes))
      .catch(() => undefined)
    return () => {
      here = false
    }
  }, [editor, lab, version])
  return (
    <Select aria-label={t.history} defaultValue="" onChange={(e) => onSide({ number: Number(e.target.value) })}>
      <option value="" disabled>
        {t.choosePoint}
      </option>
      {changes.map(({ number, context }) => (
        <option key={number} value={number}>
          {t.point(number, context.label ?? '')}
        </option>
      ))}
      <option value={0}>{t.first}</option>
    </Select>
  )
}

/** While it is compared, the canvas marks what the other side has more, otherwise, or not; edits that wait have precedence. */
function useOnCanvas(found: Compared | undefined): void {
  const editor = useEditor()
  useEffect(() => {
    if (!found || editor.staging.state.get().edits.length > 0) return
    editor.lab.stage(found.diff)
    return () => {
      if (editor.staging.state.get().edits.length === 0) editor.lab.stage(null)
    }
  }, [editor, found])
}

function Result({ found }: { found: Compared }) {
  const t = useCompareTexts()
  const [shown, setShown] = useState<'words' | 'text'>('words')
  const rows = changeRows(found.diff)
  if (rows.length === 0) return <Empty>{t.same}</Empty>
  return (
    <section className={styles.plan} aria-label={t.differences}>
      <div className={styles.planBar}>
        <Segments
          label={t.differences}
          value={shown}
          options={[
            ['words', t.words],
            ['text', t.text],
          ]}
          onChange={setShown}
        />
        <span role="status">{t.count(rows.length)}</span>
      </div>
      {shown === 'words' ? <Words rows={rows} /> : <Lines before={found.before} after={found.after} />}
    </section>
  )
}

function Words({ rows }: { rows: ReturnType<typeof changeRows> }) {
  const t = useCompareTexts()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <ol className={styles.steps} tabIndex={0}>
      {rows.map(({ id, sign, noun, name, fields }) => (
        <li key={id}>
          <span className={styles.sign} data-sign={sign}>
            {sign}
          </span>
          {[t.noun(noun), name].join(' ')}
          {fields.length > 0 && `: ${fields.join(', ')}`}
        </li>
      ))}
    </ol>
  )
}

function Lines({ before, after }: { before: string; after: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <pre className={styles.shell} tabIndex={0}>
      {textLines(before, after)
        .map(({ sign, text }) => `${sign} ${text}`)
        .join('\n')}
    </pre>
  )
}
