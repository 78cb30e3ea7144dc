import { CircleCheck, CircleX, LoaderCircle } from 'lucide-react'
import { useState } from 'react'
import { Needs, useEditor } from '@/editor'
import type { Ask, Journey, RuleAt } from '@/protocol'
import { Button } from '@/ui'
import { timeWords } from './format'
import styles from './Journey.module.css'
import type { TraceResult } from './model'
import { useJourneyTexts } from './texts'
import type { Tracing } from './useTracing'
import { placeOfRule, verdictWords } from './words'

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
        <strong>
          {journey.predicted ? t.labelled(t.predicted, '') : ''}
          {verdictWords(t, verdict)}
        </strong>
        {rule?.text && <code>{rule.text}</code>}
        {(journey.took ?? 0) > 0 && <span className={styles.quiet}>{t.took(timeWords(t, journey.took ?? 0))}</span>}
        <Compared traced={traced} />
      </div>
      {verdict.object && /^(namespace|interface):/.test(verdict.object) && (
        <Button size="s" onClick={() => editor.show(verdict.object ?? '')}>
          {t.show(verdict.object.slice(verdict.object.indexOf(':') + 1))}
        </Button>
      )}
      {rule && !rule.text && <span className={styles.quiet}>{t.foreign(rule.table)}</span>}
      {rule?.text && !journey.predicted && <WhatIf journey={journey} rule={rule} tracing={tracing} />}
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

/** The evaluator's answer without this rule; and, if wanted, the rule really removed (which undo takes back) and the packet sent again. */
function WhatIf({ journey, rule, tracing }: { journey: Journey; rule: RuleAt; tracing: Tracing }) {
  const editor = useEditor()
  const t = useJourneyTexts()
  const [answer, setAnswer] = useState<string | null>(null)
  const ask = askAgain(journey)
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
  const removeRule = async (): Promise<void> => {
    const { namespace, family, chain, number = 0, text = '' } = rule
    const table = rule.table as 'filter'
    const command = { do: 'remove-rules' as const, namespace, family, table, chain, rules: [{ at: number, was: text }] }
    const done = await editor.edit([command], t.removedRule(placeOfRule(rule), number))
    if (done) await tracing.trace(ask, 1)
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
      <Needs>
        <Button size="s" disabled={tracing.busy !== null} onClick={() => void removeRule()}>
          {t.removeRule}
        </Button>
      </Needs>
    </div>
  )
}

/** The same packet once more. */
function askAgain({ probe }: Journey): Ask {
  const { source, target, protocol, ipv6, port, source_port, size, ttl, dont_fragment, mark } = probe
  const all = { source, target, protocol, ipv6, port, source_port, size, ttl, dont_fragment, mark }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Ask
}
