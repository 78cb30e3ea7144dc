import { useMemo } from 'react'
import type { Family, Table } from '@/protocol'
import { rowHeight, Tooltip, usePart } from '@/ui'
import { Cell } from './Cell'
import { useChain, useCounters, usePanel } from './context'
import { type AllCounters, flow, tableKey } from './counters'
import styles from './FlowMap.module.css'
import { type Box, picture, type Room } from './model/geometry'
import { HOOKS, type Hook, STOPS, type Stop } from './model/hooks'
import { type ChainsTexts, useChainsTexts } from './texts'

/** A cell, and the air around it. */
const LEAST_ROW = rowHeight(18) + 2

/** The way of a packet through a namespace, as the textbooks draw it; every table of every chain is a button. */
export function FlowMap({ room }: { room: Room }) {
  const t = useChainsTexts()
  const { namespace } = usePanel()
  const live = useFlowing()
  const { width, height } = room
  const at = useMemo(() => picture({ width, height }, LEAST_ROW), [width, height])
  return (
    <section className={styles.map} style={{ width: at.w, height: at.h }} aria-label={t.mapOf(namespace)}>
      <svg className={styles.wires} width={at.w} height={at.h} aria-hidden="true">
        <title>{t.mapOf(namespace)}</title>
        <defs>
          <marker id="chains-arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M 0 0.6 L 7 4 L 0 7.4 z" />
          </marker>
        </defs>
        {at.wires.map(({ d, after, arrow }) => (
          <path
            key={d}
            d={d}
            className={styles.wire}
            data-live={(after !== null && live.has(after)) || undefined}
            markerEnd={arrow ? 'url(#chains-arrow)' : undefined}
          />
        ))}
        {at.routing.map((b) => (
          <rect
            key={b.x}
            className={styles.diamond}
            x={b.x + 5}
            y={b.y + 5}
            width={b.w - 10}
            height={b.h - 10}
            rx={3}
            transform={`rotate(45 ${b.x + b.w / 2} ${b.y + b.h / 2})`}
          />
        ))}
      </svg>
      {at.routing.map((b) => (
        <Tooltip key={b.x} text={t.routing}>
          <span className={styles.routing} style={{ left: b.x + b.w / 2, top: b.y + b.h + 1 }}>
            {t.routingShort}
          </span>
        </Tooltip>
      ))}
      <div className={styles.process} style={place(at.process)}>
        {t.process}
      </div>
      {HOOKS.map((hook) => (
        <HookCard key={hook} hook={hook} box={at.hooks[hook]} head={at.head} row={at.row} live={live.has(hook)} />
      ))}
    </section>
  )
}

const place = (b: Box) => ({ left: b.x, top: b.y, width: b.w, height: b.h })

function HookCard({ hook, box, head, row, live }: { hook: Hook; box: Box; head: number; row: number; live: boolean }) {
  const t = useChainsTexts()
  return (
    // biome-ignore lint/a11y/useSemanticElements: a card is no fieldset
    <div role="group" aria-label={hook} className={styles.hook} style={place(box)} data-live={live || undefined}>
      <div className={styles.head} style={{ height: head }}>
        {hook}
      </div>
      {STOPS[hook].map((stop) => (
        <div key={stop.priority} className={styles.stop} style={{ height: row }}>
          {stop.what === 'conntrack' ? (
            <Tooltip text={stop.priority < 0 ? t.trackingIn : t.trackingOut}>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: its explanation is a tooltip */}
              <span className={styles.track} tabIndex={0} role="note">
                {t.tracking}
              </span>
            </Tooltip>
          ) : (
            <TableAt hook={hook} table={stop.what} stop={stop} />
          )}
        </div>
      ))}
    </div>
  )
}

const hintOf = (stop: Stop, t: ChainsTexts): string =>
  stop.does === 'dnat' ? t.dnatHere : stop.does === 'snat' ? t.snatHere : ''

function TableAt({ hook, table, stop }: { hook: Hook; table: Table; stop: Stop }) {
  const { families } = usePanel()
  const both = families.length > 1
  return (
    <>
      {both && <span className={styles.name}>{table}</span>}
      {families.map((family) => (
        <FamilyCell key={family} hook={hook} table={table} family={family} stop={stop} named={!both} />
      ))}
    </>
  )
}

function FamilyCell({
  hook,
  table,
  family,
  stop,
  named,
}: {
  hook: Hook
  table: Table
  family: Family
  stop: Stop
  named: boolean
}) {
  const t = useChainsTexts()
  const chain = useChain({ family, table, name: hook })
  const counters = useCounters(family, table)
  return chain && <Cell chain={chain} counters={counters} label={named ? table : ''} hint={hintOf(stop, t)} />
}

/** The hooks that packets are passing through now. */
function useFlowing(): ReadonlySet<Hook> {
  const { book, tables, families } = usePanel()
  const shown = [...tables.values()].filter((table) => families.includes(table.family))
  const passes = (hook: Hook, all: AllCounters): boolean =>
    shown.some(({ family, table, builtIn }) => {
      const chain = builtIn.find((c) => c.name === hook)
      return chain !== undefined && flow(all.get(tableKey(family, table))?.rates.get(hook), chain.ends) > 0
    })
  const words = usePart(book, (all) => HOOKS.filter((hook) => passes(hook, all)).join(' '))
  return new Set(HOOKS.filter((hook) => words.split(' ').includes(hook)))
}
