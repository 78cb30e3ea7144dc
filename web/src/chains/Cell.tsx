import type { CSSProperties, DragEvent } from 'react'
import type { Family } from '@/protocol'
import { cx } from '@/ui'
import styles from './Cell.module.css'
import { sameSpot, usePanel } from './context'
import { type Counters, flow, through } from './counters'
import { carriesRules, takeRules } from './drag'
import type { ChainView } from './model/digest'
import { perSecond, short } from './numbers'
import { useChainsTexts } from './texts'

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
  /** What stands in front: the table's name on the map, nothing in the matrix. */
  label?: string
  hint?: string
  style?: CSSProperties
}) {
  const t = useChainsTexts()
  const panel = usePanel()
  const { family, table, name, policy, rules } = chain
  const packets = through(counters.chains.get(name), chain.ends)
  const rate = flow(counters.rates.get(name), chain.ends)
  const chosen = sameSpot(panel.spot, chain)
  const said = [
    `${panel.families.length > 1 ? `${FAMILY[family]} ` : ''}${table} ${name}`,
    t.rules(rules.length),
    ...(policy ? [t.policyOf(policy)] : []),
    ...(packets > 0 ? [t.packetsAt(short(packets))] : []),
    ...(rate > 0 ? [t.rate(perSecond(rate))] : []),
  ].join(', ')
  return (
    <button
      type="button"
      className={styles.cell}
      style={style}
      aria-label={said}
      aria-pressed={chosen}
      title={[said, hint].filter(Boolean).join('\n')}
      data-live={rate > 0 || undefined}
      data-empty={rules.length === 0 || undefined}
      onClick={() => panel.go(chain)}
      onDragOver={(event) => carriesRules(event) && event.preventDefault()}
      onDrop={(event: DragEvent) => takeRules(event, chain)}
    >
      {label && <span className={styles.table}>{label}</span>}
      {panel.families.length > 1 && <span className={styles.family}>{family === 'ipv4' ? '4' : '6'}</span>}
      <span className={styles.grow} />
      {rate > 0 ? (
        <span className={cx(styles.rate, 'mono')}>{perSecond(rate)}</span>
      ) : (
        packets > 0 && <span className={cx(styles.packets, 'mono')}>{short(packets)}</span>
      )}
      {rules.length > 0 && <span className={styles.count}>{short(rules.length)}</span>}
      {policy === 'DROP' && <span className={styles.drop}>DROP</span>}
    </button>
  )
}

export const FAMILY: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' }
