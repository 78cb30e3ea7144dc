import type { Family, Table } from '@/protocol'
import { Cell } from './Cell'
import { useChain, useCounters, usePanel } from './context'
import styles from './Matrix.module.css'
import { absence, HOOKS, type Hook, TABLES } from './model/hooks'
import { useChainsTexts } from './texts'

/** A grid of tables by chains; combinations that do not exist explain why. */
export function Matrix() {
  const t = useChainsTexts()
  const { namespace, families } = usePanel()
  return (
    <table className={styles.matrix} aria-label={t.matrixOf(namespace)}>
      <thead>
        <tr>
          <th scope="col">{t.table}</th>
          {HOOKS.map((hook) => (
            <th key={hook} scope="col">
              {hook}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {TABLES.map((table) => (
          <tr key={table}>
            <th scope="row">{table}</th>
            {HOOKS.map((hook) => (
              <Crossing key={hook} table={table} hook={hook} families={families} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Crossing({ table, hook, families }: { table: Table; hook: Hook; families: readonly Family[] }) {
  const t = useChainsTexts()
  const missing = absence(table, hook)
  if (missing) {
    return (
      <td className={styles.absent} title={t[missing]}>
        <span aria-hidden="true">—</span>
        <span className="visually-hidden">{`${table} ${hook} ${t.notThere}: ${t[missing]}`}</span>
      </td>
    )
  }
  return (
    <td>
      <div className={styles.cells}>
        {families.map((family) => (
          <One key={family} family={family} table={table} hook={hook} />
        ))}
      </div>
    </td>
  )
}

function One({ family, table, hook }: { family: Family; table: Table; hook: Hook }) {
  const t = useChainsTexts()
  const both = usePanel().families.length > 1
  const chain = useChain({ family, table, name: hook })
  const counters = useCounters(family, table)
  return (
    chain && (
      <Cell chain={chain} counters={counters} label={chain.rules.length === 0 ? (both ? '0' : t.rules(0)) : ''} />
    )
  )
}
