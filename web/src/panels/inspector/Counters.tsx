import { lazy, Suspense } from 'react'
import { useLab } from '@/editor'
import { useAmounts } from '@/i18n/amounts'
import type { Counters } from '@/protocol'
import { useRecord } from '@/store'
import { Section, styles } from '../parts'
import { usePanelTexts } from '../texts'

const Sparkline = lazy(() => import('./Sparkline'))

/** Counters of a namespace's interfaces with their rates; `only` one of them. */
export function CountersOf({ namespace, only }: { namespace: string; only?: string }) {
  const t = usePanelTexts()
  const record = useRecord(useLab().live, `counters:${namespace}`)
  const { rates } = useLab()
  const { whole, short, bytes, bits } = useAmounts()
  const now = record?.kind === 'counters' ? record : undefined
  if (!now) return null
  const rows: [string, Counters][] = Object.entries(now.rows).filter(([name]) => !only || name === only)
  return (
    <Section title={t.counters}>
      {only && (
        <Suspense fallback={<div style={{ height: 72 }} />}>
          <Sparkline of={`${namespace}/${only}`} label={t.ratesOf(only)} />
        </Suspense>
      )}
      <table className={styles.table}>
        <thead>
          <tr>
            <th>{only ? '' : t.interface}</th>
            <th>{t.packets}</th>
            <th>{t.bytes}</th>
            <th>{t.rate}</th>
            <th>{t.errors}</th>
          </tr>
        </thead>
        <tbody className="mono">
          {rows.flatMap(([name, row]) =>
            (['rx', 'tx'] as const).map((way) => (
              <tr key={`${name} ${way}`}>
                <td>{only ? way : `${name} ${way}`}</td>
                <td>{short(row[`${way}_packets`])}</td>
                <td>{bytes(row[`${way}_bytes`])}</td>
                <td>{bits(rates.get(`${namespace}/${name}`)?.[way] ?? 0)}</td>
                <td>{whole(row[`${way}_errors`] + row[`${way}_dropped`])}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </Section>
  )
}
