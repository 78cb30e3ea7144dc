import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { Planned } from '@/protocol'
import { Button, Empty, Segments } from '@/ui'
import { sentence, signOf, useStepTexts } from './sentences'
import styles from './source.module.css'
import { useSourceTexts } from './texts'

/** What will be done: a sentence for each step, or the commands that do the same. */
export function PlanView({ plan }: { plan: Planned }) {
  const t = useSourceTexts()
  const st = useStepTexts()
  const [shown, setShown] = useState<'steps' | 'commands'>('steps')
  const commands = shown === 'commands'
  if (plan.steps.length === 0) return <Empty>{t.nothingToDo}</Empty>
  const sentences = plan.steps.map((step) => sentence(st, step))
  return (
    <section className={styles.plan} aria-label={t.plan}>
      <div className={styles.planBar}>
        <Segments
          label={t.plan}
          value={shown}
          options={[
            ['steps', t.planSteps],
            ['commands', t.planCommands],
          ]}
          onChange={setShown}
        />
        <CopyButton text={commands ? plan.shell.join('\n') : sentences.join('\n')} />
      </div>
      {commands ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre className={styles.shell} tabIndex={0}>
          {plan.shell.join('\n')}
        </pre>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ol className={styles.steps} tabIndex={0}>
          {plan.steps.map((step, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the order is what makes a step itself
            <li key={i}>
              <span className={styles.sign} data-sign={signOf(step)} aria-hidden="true">
                {signOf(step)}
              </span>
              {sentences[i]}
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

function CopyButton({ text }: { text: string }) {
  const t = useSourceTexts()
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 1500)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = (): void => void navigator.clipboard.writeText(text).then(() => setCopied(true))
  return (
    <Button size="s" variant="plain" onClick={copy}>
      {copied ? <Check size={13} aria-hidden="true" /> : <Copy size={13} aria-hidden="true" />}
      {copied ? t.copied : t.copy}
    </Button>
  )
}
