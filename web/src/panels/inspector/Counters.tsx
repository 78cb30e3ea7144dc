import { useEffect, useRef, useState } from 'react'
import { useLab } from '@/editor'
import type { Counters, CountersLive } from '@/protocol'
import { useRecord } from '@/store'
import { Section, styles } from '../parts'
import { usePanelTexts } from '../texts'

const units = ['', 'k', 'M', 'G', 'T']

/** `12.3 k` */
export function short(value: number): string {
  let unit = 0
  let rest = value
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1000
    unit += 1
  }
  return `${unit === 0 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`.trim()
}

type Rates = Record<string, { rx: number; tx: number }>

/** Bits per second between two readings. */
export function rates(before: CountersLive | undefined, now: CountersLive): Rates {
  const seconds = before ? now.at - before.at : 0
  const out: Rates = {}
  for (const [name, row] of Object.entries(now.rows)) {
    const old = before?.rows[name]
    if (old && seconds > 0) {
      out[name] = {
        rx: (8 * (row.rx_bytes - old.rx_bytes)) / seconds,
        tx: (8 * (row.tx_bytes - old.tx_bytes)) / seconds,
      }
    }
  }
  return out
}

/** Counters of a namespace's interfaces with their rates; `only` one of them. */
export function CountersOf({ namespace, only }: { namespace: string; only?: string }) {
  const t = usePanelTexts()
  const record = useRecord(useLab().live, `counters:${namespace}`)
  const last = useRef<CountersLive | undefined>(undefined)
  const [speed, setSpeed] = useState<Rates>({})
  const now = record?.kind === 'counters' ? record : undefined
  useEffect(() => {
    if (!now) return
    setSpeed(rates(last.current, now))
    last.current = now
  }, [now])
  if (!now) return null
  const rows: [string, Counters][] = Object.entries(now.rows).filter(([name]) => !only || name === only)
  return (
    <Section title={t.counters}>
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
                <td>{short(row[`${way}_bytes`])}</td>
                <td>{short(speed[name]?.[way] ?? 0)}bit/s</td>
                <td>{row[`${way}_errors`] + row[`${way}_dropped`]}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </Section>
  )
}
