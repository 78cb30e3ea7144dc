import { Fragment, useMemo, useState } from 'react'
import type { Compared } from '@/protocol'
import { Empty, Segments } from '@/ui'
import { changeRows, textLines } from './changes'
import { useCompareTexts } from './compareTexts'
import styles from './source.module.css'

/** The differences, a line for each record, or as the lines of both documents. */
export function CompareResult({ found, from, to }: { found: Compared; from: string; to: string }) {
  const t = useCompareTexts()
  const [shown, setShown] = useState<'words' | 'text'>('words')
  const rows = useMemo(() => changeRows(found.diff, t.byDefault), [found, t])
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
        <span role="status" className={styles.direction}>
          {t.direction(from, to, rows.length)}
        </span>
      </div>
      {shown === 'words' ? <Words rows={rows} /> : <Lines found={found} />}
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
            <span aria-hidden="true">{sign}</span>
            <span className="visually-hidden">{t.sign(sign)}</span>
          </span>
          <span>
            {t.noun(noun, name)}
            {fields.length > 0 && ':'}
            {fields.map((field) => (
              <Fragment key={field}>
                {' '}
                <span className={styles.field}>{field}</span>
              </Fragment>
            ))}
          </span>
        </li>
      ))}
    </ol>
  )
}

function Lines({ found }: { found: Compared }) {
  const lines = useMemo(() => textLines(found.before, found.after), [found])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <pre className={styles.shell} tabIndex={0}>
      {lines.map(({ sign, text, number }) => (
        <span key={`${sign}${number}`} className={styles.diffLine} data-sign={sign}>
          {sign === '…' ? '⋯' : `${sign} ${text}`}
        </span>
      ))}
    </pre>
  )
}
