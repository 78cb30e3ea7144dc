import { useEffect, useState } from 'react'
import { allSaid, useEditor } from '@/editor'
import type { Compared, Side } from '@/protocol'
import { Button, Empty, Segments, useValue } from '@/ui'
import { type Chosen, CompareChoice, type With } from './CompareChoice'
import { CompareResult } from './CompareResult'
import { apart } from './changes'
import { useCompareTexts } from './compareTexts'
import styles from './source.module.css'

/** The lab beside a document or another lab, or two points of its history: in words, as text, and on the canvas. */
export default function ComparePanel() {
  const t = useCompareTexts()
  const editor = useEditor()
  const lab = useValue(editor.session.current) ?? ''
  const [kind, setKind] = useState<With>('history')
  const [chosen, setChosen] = useState<Chosen>()
  const [round, setRound] = useState(0)
  const [found, setFound] = useState<Compared>()
  const [error, setError] = useState<string>()
  const version = useValue(editor.lab.document)
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when the lab has changed
  useEffect(() => {
    if (!chosen) return setFound(undefined)
    setError(undefined)
    let here = true
    const { before, after } = chosen
    editor.session.connection
      .request<'compare'>({ type: 'compare', lab, before, after })
      .done.then((result) => here && setFound(result))
      .catch((reason) => {
        if (!here) return
        setFound(undefined)
        setError(allSaid(reason))
      })
    return () => {
      here = false
    }
  }, [editor, lab, chosen, version])
  useOnCanvas(found, chosen)
  const start = (next: With): void => {
    setKind(next)
    setRound((n) => n + 1)
    setChosen(undefined)
    setError(undefined)
  }
  const choose = (next: Chosen | undefined, problem?: string): void => {
    setChosen(next)
    setError(problem)
  }
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
          onChange={start}
        />
        <CompareChoice key={`${lab} ${round}`} kind={kind} lab={lab} onChosen={choose} />
        <span className={styles.space} />
        <Button size="s" variant="plain" disabled={!chosen && !error} onClick={() => start(kind)}>
          {t.clear}
        </Button>
      </div>
      {error && (
        <p role="alert" className={styles.problem}>
          {error}
        </p>
      )}
      {chosen && found ? (
        <CompareResult found={found} from={chosen.from} to={chosen.to} />
      ) : (
        !error && <Empty>{t.choose}</Empty>
      )}
    </div>
  )
}

/** While it is compared, the canvas marks what is added, changed or removed, where the lab as it is is one of the sides; edits that wait
 * have precedence. */
function useOnCanvas(found: Compared | undefined, chosen: Chosen | undefined): void {
  const editor = useEditor()
  useEffect(() => {
    const [from, to] = [isNow(chosen?.before), isNow(chosen?.after)]
    if (!found || !(from || to) || editor.staging.state.get().edits.length > 0) return
    if (from) editor.lab.stage(apart(found.diff, editor.lab.desired.values()))
    else editor.lab.stageDone(found.diff)
    return () => {
      if (editor.staging.state.get().edits.length === 0) editor.lab.stage(null)
    }
  }, [editor, found, chosen])
}

const isNow = (side: Side | undefined): boolean => side !== undefined && Object.keys(side).length === 0
