import { X } from 'lucide-react'
import { applyStaged, discardStaged, runAction, useEditor } from '@/editor'
import { afterColon } from '@/protocol'
import { Button, Empty, IconButton, Switch, useValue } from '@/ui'
import { PlanView } from './PlanView'
import styles from './source.module.css'
import { useSourceTexts } from './texts'

/** The edits that wait, each removable, and what applying them will do. */
export default function PlanPanel() {
  const t = useSourceTexts()
  const editor = useEditor()
  const { on, edits, plan, problem, busy } = useValue(editor.staging.state)
  return (
    <div className={styles.panel}>
      <div className={styles.bar}>
        <Switch label={t.staging} checked={on} onChange={(next) => editor.staging.switch(next)} />
        <span className={styles.space} />
        <Button size="s" disabled={edits.length === 0 || busy} onClick={() => runAction(discardStaged, editor)}>
          {t.discardAll}
        </Button>
        <Button
          size="s"
          variant="primary"
          disabled={edits.length === 0 || busy || problem !== null}
          onClick={() => runAction(applyStaged, editor)}
        >
          {busy ? t.applying : t.applyAll(edits.length)}
        </Button>
      </div>
      {edits.length === 0 ? (
        <Empty>{on ? t.emptyOn : t.emptyOff}</Empty>
      ) : (
        <div className={styles.review}>
          <ol className={styles.edits} aria-label={t.staged(edits.length)}>
            {edits.map(({ id, label }) => (
              <li key={id}>
                <span>{label}</span>
                <IconButton size="s" label={t.removeStaged(label)} onClick={() => editor.staging.remove(id)}>
                  <X size={14} />
                </IconButton>
              </li>
            ))}
          </ol>
          <div className={styles.result}>
            {problem && (
              <p role="alert" className={styles.problem}>
                <strong>{t.stopped}</strong>{' '}
                {[problem.subject && afterColon(problem.subject), problem.message, problem.hint]
                  .filter(Boolean)
                  .join(' — ')}
              </p>
            )}
            {plan && !problem && <PlanView plan={plan} />}
          </div>
        </div>
      )}
    </div>
  )
}
