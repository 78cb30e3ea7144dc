import { CircleCheck, CircleX, LoaderCircle, ShieldQuestion } from 'lucide-react'
import { useState } from 'react'
import { useEditor } from '@/editor'
import type { Journey, RuleAt } from '@/protocol'
import { Button } from '@/ui'
import { askAgain } from './form'
import { timeWords } from './format'
import styles from './Journey.module.css'
import type { TraceResult } from './model'
import { Remedies } from './Remedies'
import { useJourneyTexts } from './texts'
import type { Tracing } from './useTracing'
import { verdictWords } from './words'

/** The verdict, and what can be done about it. */
export function Verdict({ traced, tracing }: { traced: TraceResult; tracing: Tracing }) {
  const editor = useEditor()
  const t = useJourneyTexts()
  const { journey } = traced
  const { verdict } = journey
  const level = verdict.cause === 'delivered' ? 'good' : verdict.cause === 'running' ? 'running' : 'bad'
  const Icon = { good: CircleCheck, running: LoaderCircle, bad: CircleX }[level]
  const rule = verdict.rule?.number ? verdict.rule : null
  return (
    <section className={styles.verdict} data-level={level} aria-live="polite">
      <Icon size={17} aria-hidden="true" />
      <div className={styles.words}>
        {traced.from && (
          <span className={styles.notSeen} role="note">
            <ShieldQuestion size={14} aria-hidden="true" />
            {t.notSeen(traced.from.by, traced.from.lab, traced.from.at)}
          </span>
        )}
        <strong>
          {journey.predicted ? t.labelled(t.predicted, '') : ''}
          {verdictWords(t, verdict)}
        </strong>
        {rule?.text && <code>{rule.text}</code>}
        {journey.answer && <span className={styles.quiet}>{t.answered(journey.answer)}</span>}
        {(journey.took ?? 0) > 0 && <span className={styles.quiet}>{t.took(timeWords(t, journey.took ?? 0))}</span>}
        <Compared traced={traced} />
      </div>
      {verdict.object && /^(namespace|interface):/.test(verdict.object) && (
        <Button size="s" onClick={() => editor.show(verdict.object ?? '')}>
          {t.show(verdict.object.slice(verdict.object.indexOf(':') + 1))}
        </Button>
      )}
      {rule && !rule.text && <span className={styles.quiet}>{t.foreign(rule.table)}</span>}
      {rule?.text && !journey.predicted && <WhatIf journey={journey} rule={rule} />}
      <Remedies
        remedies={traced.remedies}
        busy={tracing.busy !== null}
        again={(ask) => void tracing.trace(ask ?? askAgain(journey.probe))}
      />
    </section>
  )
}

function Compared({ traced }: { traced: TraceResult }) {
  const t = useJourneyTexts()
  if (!traced.predicted || !traced.ended) return null
  const n = traced.differences.length
  return (
    <span className={styles.compared} data-differs={n > 0 || undefined}>
      {n === 0 ? t.asPredicted : t.differs(n)}
    </span>
  )
}

/** The evaluator's answer without this rule. */
function WhatIf({ journey, rule }: { journey: Journey; rule: RuleAt }) {
  const editor = useEditor()
  const t = useJourneyTexts()
  const [answer, setAnswer] = useState<string | null>(null)
  const ask = askAgain(journey.probe)
  const lab = editor.session.current.get() ?? ''
  const tryWithout = async (): Promise<void> => {
    const asked = { type: 'predict' as const, lab, ask, without: [rule] }
    try {
      const done = await editor.session.connection.request<'predict'>(asked).done
      setAnswer(verdictWords(t, done.journey.verdict))
    } catch (error) {
      editor.fail(error)
    }
  }
  return (
    <div className={styles.whatIf}>
      {answer === null ? (
        <Button size="s" onClick={() => void tryWithout()}>
          {t.whatIf}
        </Button>
      ) : (
        <p role="status">{t.without(answer)}</p>
      )}
    </div>
  )
}
