import type { CSSProperties, DragEvent } from 'react'
import { useLab } from '@/editor'
import { useAmounts } from '@/i18n/amounts'
import type { Family, Table } from '@/protocol'
import { useRecord } from '@/store'
import { cx } from '@/ui'
import styles from './Cell.module.css'
import { sameChain, usePanel } from './context'
import { type Counters, flow, through } from './counters'
import { carriesRules, takeRules } from './drag'
import type { ChainView } from './model/digest'
import { useChainsTexts } from './texts'
import { usePacketHere } from './usePacketHere'

/** One chain of one table as a button: how many rules, the policy, packets that went through, and whether some do now. */
export function Cell({
  chain,
  counters,
  label,
  hint,
  style,
}: {
  chain: ChainView
  counters: Counters
  /** The prefix: the name of the table on the map, nothing in the matrix. */
  label?: string
  hint?: string
  style?: CSSProperties
}) {
  const t = useChainsTexts()
  const panel = usePanel()
  const { perSecond, short, whole } = useAmounts()
  const { family, table, name, policy, rules } = chain
  const packets = through(counters.chains.get(name), chain.ends)
  const rate = flow(counters.rates.get(name), chain.ends)
  const loaded = useLoaded(panel.namespace, family, table)
  const both = panel.families.length > 1
  const chosen = sameChain(panel.chainRef, chain)
  const packet = usePacketHere(panel.namespace, chain)
  const said = [
    `${both ? `${FAMILY[family]} ` : ''}${table} ${name}`,
    t.rules(rules.length),
    ...(policy ? [t.policyOf(policy)] : []),
    ...(packets > 0 ? [t.packetsAt(short(packets))] : []),
    ...(rate > 0 ? [t.rate(perSecond(rate))] : []),
    ...(packet ? [t.packetHere] : []),
  ].join(', ')
  return (
    <button
      type="button"
      className={styles.cell}
      style={style}
      aria-label={said}
      aria-pressed={chosen}
      title={[said, hint, loaded ? '' : t.notLoaded].filter(Boolean).join('\n')}
      data-live={rate > 0 || undefined}
      data-unloaded={!loaded || undefined}
      data-packet={packet}
      data-empty={rules.length === 0 || undefined}
      onClick={() => panel.go(chain)}
      onDragOver={(event) => carriesRules(event) && event.preventDefault()}
      onDrop={(event: DragEvent) => takeRules(event, chain)}
    >
      {label && <span className={styles.table}>{label}</span>}
      <span className={styles.grow} />
      {!both && rate > 0 ? (
        <span className={cx(styles.rate, 'mono')}>{perSecond(rate)}</span>
      ) : (
        !both && packets > 0 && <span className={cx(styles.packets, 'mono')}>{short(packets)}</span>
      )}
      {rules.length > 0 && <span className={styles.count}>{whole(rules.length)}</span>}
      {both && policy !== 'DROP' && <span className={styles.family}>{family === 'ipv4' ? 'v4' : 'v6'}</span>}
      {policy === 'DROP' && <span className={styles.drop}>{both ? '✕' : 'DROP'}</span>}
    </button>
  )
}

/** Whether the kernel has the table; true while it is not known. */
function useLoaded(namespace: string, family: Family, table: Table): boolean {
  const record = useRecord(useLab().live, `filter:${namespace}`)
  return record?.kind !== 'filter' || (record.tables?.[family] ?? []).includes(table)
}

export const FAMILY: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' }
