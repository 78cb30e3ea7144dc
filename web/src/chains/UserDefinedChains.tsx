import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { Family, Table } from '@/protocol'
import { Button } from '@/ui'
import { FAMILY } from './Cell'
import { ChainDialog } from './ChainDialog'
import { sameChain, usePanel } from './context'
import { carriesRules, takeRules } from './drag'
import { useChainsTexts } from './texts'
import styles from './UserDefinedChains.module.css'

/** The user-defined chains of all tables, each with the chains that jump to it. */
export function UserDefinedChains() {
  const t = useChainsTexts()
  const panel = usePanel()
  const [naming, setNaming] = useState(false)
  const tables = [...panel.tables.values()].filter((one) => panel.families.includes(one.family))
  const own = tables.flatMap(({ custom, callers }) =>
    custom.map((chain) => ({ chain, from: callers.get(chain.name) ?? [] })),
  )
  return (
    <section className={styles.own} aria-label={t.custom}>
      <h3>{t.custom}</h3>
      {own.map(({ chain, from }) => (
        <button
          key={chain.id}
          type="button"
          className={styles.chain}
          aria-pressed={sameChain(panel.chainRef, chain)}
          aria-label={`${panel.families.length > 1 ? `${FAMILY[chain.family]} ` : ''}${chain.table} ${chain.name}, ${t.rules(chain.rules.length)}`}
          onClick={() => panel.go(chain)}
          onDragOver={(event) => carriesRules(event) && event.preventDefault()}
          onDrop={(event) => takeRules(event, chain)}
        >
          <span className={styles.table}>{label(chain.family, chain.table, panel.families.length > 1)}</span>
          <strong>{chain.name}</strong>
          <span className={styles.count}>{chain.rules.length}</span>
          <span className={styles.from}>{from.length > 0 ? t.calledBy(from.join(', ')) : t.calledByNone}</span>
        </button>
      ))}
      {own.length === 0 && <span className={styles.none}>{t.noCustom}</span>}
      <Button size="s" variant="plain" onClick={() => setNaming(true)}>
        <Plus size={13} /> {t.newChain}
      </Button>
      {naming && <ChainDialog chainRef={panel.chainRef} onClose={() => setNaming(false)} />}
    </section>
  )
}

const label = (family: Family, table: Table, both: boolean): string => (both ? `${FAMILY[family]} ${table}` : table)
