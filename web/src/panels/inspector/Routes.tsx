import { useState } from 'react'
import { useEditor } from '@/editor'
import type { NamespaceLive, Route, RouteRow } from '@/protocol'
import { Button, Field, Input, Select } from '@/ui'
import { Refused, RemoveButton, Section, styles, useAsk } from '../parts'
import { usePanelTexts } from '../texts'

const TYPES = ['unicast', 'blackhole', 'unreachable', 'prohibit', 'throw'] as const

/** As `ip route` prints it. */
export function routeText(row: RouteRow): string {
  const words = [row.type && row.type !== 'unicast' ? row.type : '', row.to]
  if (row.via) words.push('via', row.via)
  if (row.dev) words.push('dev', row.dev)
  if (row.protocol) words.push('proto', row.protocol)
  if (row.src) words.push('src', row.src)
  if (row.metric) words.push('metric', String(row.metric))
  if (row.table && row.table !== 254) words.push('table', String(row.table))
  if (row.linkdown) words.push('linkdown')
  return words.filter(Boolean).join(' ')
}

/** The routing tables of a namespace, IPv4 and IPv6. */
export function Routes({ name, live }: { name: string; live: NamespaceLive }) {
  const t = usePanelTexts()
  const editor = useEditor()
  const rows = (live.routes ?? []).filter((r) => !r.to.startsWith('ff00::') && r.type !== 'multicast')
  return (
    <Section title={t.routes}>
      {rows.length === 0 && <p className={styles.dim}>{t.noRoutes}</p>}
      <ul className={styles.rows} aria-label={t.routes}>
        {rows.map((row) => {
          const { record } = row
          return (
            <li key={`${routeText(row)}`} className={styles.row}>
              <span className={`${styles.grow} mono ${record ? '' : styles.dim}`}>{routeText(row)}</span>
              {record && (
                <RemoveButton
                  name={row.to}
                  onClick={() => void editor.edit([{ do: 'remove', ids: [record] }], t.removed(row.to))}
                />
              )}
            </li>
          )
        })}
      </ul>
      <AddRoute name={name} />
    </Section>
  )
}

function AddRoute({ name }: { name: string }) {
  const t = usePanelTexts()
  const ask = useAsk()
  const [to, setTo] = useState('default')
  const [via, setVia] = useState('')
  const [dev, setDev] = useState('')
  const [metric, setMetric] = useState('')
  const [type, setType] = useState<(typeof TYPES)[number]>('unicast')
  const [error, setError] = useState<string>()
  const add = async (): Promise<void> => {
    const route: Route = {
      kind: 'route',
      namespace: name,
      to,
      type,
      ...(via ? { via } : {}),
      ...(dev ? { dev } : {}),
      ...(metric ? { metric: Number(metric) } : {}),
    }
    const refused = await ask([{ do: 'add-route', route }], t.added(to))
    setError(refused)
    if (!refused) setVia('')
  }
  return (
    <details style={{ marginTop: 6 }}>
      <summary className={styles.dim}>{t.addRoute}</summary>
      <form
        className={styles.fields}
        style={{ marginTop: 6 }}
        onSubmit={(e) => {
          e.preventDefault()
          void add()
        }}
      >
        <Field label={t.to}>
          {(ids) => <Input {...ids} mono value={to} onChange={(e) => setTo(e.target.value)} />}
        </Field>
        <Field label={t.via}>
          {(ids) => <Input {...ids} mono value={via} placeholder="10.0.1.1" onChange={(e) => setVia(e.target.value)} />}
        </Field>
        <Field label={t.dev}>
          {(ids) => <Input {...ids} mono value={dev} onChange={(e) => setDev(e.target.value)} />}
        </Field>
        <Field label={t.metric}>
          {(ids) => <Input {...ids} mono value={metric} onChange={(e) => setMetric(e.target.value)} />}
        </Field>
        <Field label={t.type}>
          {(ids) => (
            <Select {...ids} value={type} onChange={(e) => setType(e.target.value as (typeof TYPES)[number])}>
              {TYPES.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </Select>
          )}
        </Field>
        <Button type="submit" style={{ alignSelf: 'end' }}>
          {t.addRoute}
        </Button>
      </form>
      <Refused text={error} />
    </details>
  )
}
