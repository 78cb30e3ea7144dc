import { ArrowRight, Trash2 } from 'lucide-react'
import { useDeferredValue, useMemo, useRef, useState } from 'react'
import { Needs, useEditor } from '@/editor'
import { type Amounts, useAmounts } from '@/i18n/amounts'
import type { Connection } from '@/protocol'
import { useRecord } from '@/store'
import { announce, Button, cx, Empty, IconButton, rowHeight } from '@/ui'
import { usePanel } from '../context'
import { useWatch } from '../counters'
import { type End, endText, translation, wordsOf } from '../model/connections'
import { SearchBox } from '../SearchBox'
import { useNames } from '../useNames'
import { useRows } from '../useRows'
import styles from './Conntrack.module.css'
import { type ConntrackTexts, useConntrackTexts } from './texts'

/** The live connection tracking table of a namespace, with addresses before and after NAT. */
export function Conntrack({ tab, active }: { tab: string; active: boolean }) {
  const t = useConntrackTexts()
  const editor = useEditor()
  const { namespace, families } = usePanel()
  useWatch('conntrack', tab, namespace, active)
  const record = useRecord(editor.lab.live, `conntrack:${namespace}`)
  const all = (record?.kind === 'conntrack' && record.rows) || NONE
  const count = record?.kind === 'conntrack' ? (record.count ?? all.length) : 0
  const [filter, setFilter] = useState('')
  const wanted = useDeferredValue(filter)
  const rows = useMemo(() => {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
    return all.filter((c) => {
      if (!families.includes(c.family)) return false
      const text = wordsOf(c)
      return words.every((w) => text.includes(w))
    })
  }, [all, wanted, families])
  const lab = editor.session.current.get() ?? ''
  const flush = async (): Promise<void> => {
    try {
      await editor.session.connection.request<'flush-conntrack'>({ type: 'flush-conntrack', lab, namespace }).done
      announce(t.flushed)
    } catch (error) {
      editor.fail(error)
    }
  }
  return (
    <section className={styles.view} aria-label={t.of(namespace)}>
      <header className={styles.head}>
        <SearchBox label={t.filter} hint={t.filterHint} value={filter} onChange={setFilter} className={styles.search} />
        <span className={styles.found} role="status">
          {t.shown(rows.length, count)}
        </span>
        <Needs>
          <Button size="s" variant="danger" disabled={count === 0} onClick={() => void flush()}>
            {t.flush}
          </Button>
        </Needs>
      </header>
      <Rows rows={rows} empty={all.length > 0 ? t.noneFound : t.none} />
    </section>
  )
}

const NONE: readonly Connection[] = []
/** Names of /etc/protocols for what the kernel has no name of its own. */
const PROTOCOL: Readonly<Record<string, string>> = { '2': 'igmp', '47': 'gre', '50': 'esp', '51': 'ah', '89': 'ospf' }

function Rows({ rows, empty }: { rows: readonly Connection[]; empty: string }) {
  const t = useConntrackTexts()
  const scroller = useRef<HTMLDivElement>(null)
  const seen = useRows(scroller, rows.length)
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <table> cannot be drawn in parts
    <div ref={scroller} className={styles.rows} role="table" aria-label={t.connections} aria-rowcount={rows.length + 1}>
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: nothing to do with a heading */}
      <div className={cx(styles.row, styles.heads)} role="row">
        {[t.protocol, t.state, t.before, t.after, t.traffic, t.timeout].map((name) => (
          // biome-ignore lint/a11y/useSemanticElements: see above
          // biome-ignore lint/a11y/useFocusableInteractive: see above
          <span key={name} role="columnheader">
            {name}
          </span>
        ))}
        <span />
      </div>
      <div style={{ height: seen.from * ROW }} />
      {rows.slice(seen.from, seen.to).map((c) => (
        <Row key={`${c.family} ${c.id}`} connection={c} />
      ))}
      <div style={{ height: (rows.length - seen.to) * ROW }} />
      {rows.length === 0 && <Empty>{empty}</Empty>}
    </div>
  )
}

/** As high as the style makes a row; `useRows` counts with it. */
const ROW = rowHeight(30)

function Row({ connection: c }: { connection: Connection }) {
  const t = useConntrackTexts()
  const editor = useEditor()
  const { namespace } = usePanel()
  const { before, after, snat, dnat } = translation(c)
  const what = `${c.protocol} ${endText(before.from)} → ${endText(before.to)}`
  const forget = async (): Promise<void> => {
    const lab = editor.session.current.get() ?? ''
    try {
      const asked = { type: 'delete-connection' as const, lab, namespace, connection: c }
      await editor.session.connection.request<'delete-connection'>(asked).done
      announce(t.forget(what))
    } catch (error) {
      editor.fail(error)
    }
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <table> cannot be drawn in parts
    // biome-ignore lint/a11y/useFocusableInteractive: its button has the focus
    <div className={styles.row} role="row" aria-label={what}>
      <Cell className={styles.protocol}>{PROTOCOL[c.protocol] ?? c.protocol}</Cell>
      <Cell>{stateOf(c, t)}</Cell>
      <Cell className="mono">
        <Ends from={before.from} to={before.to} />
      </Cell>
      <Cell className="mono">
        {snat || dnat ? (
          <Ends from={after.from} to={after.to} snat={snat} dnat={dnat} />
        ) : (
          <span className={styles.dim}>{t.none_}</span>
        )}
      </Cell>
      <Cell className={styles.dim}>{trafficOf(c, t, useAmounts())}</Cell>
      <Cell className={styles.dim}>{t.seconds(c.timeout ?? 0)}</Cell>
      <IconButton label={t.forget(what)} size="xs" onClick={() => void forget()}>
        <Trash2 size={13} />
      </IconButton>
    </div>
  )
}

function Cell({ className, children }: { className?: string | undefined; children: React.ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <table> cannot be drawn in parts
    <span role="cell" className={cx(styles.cell, className)}>
      {children}
    </span>
  )
}

/** Source and destination; translated addresses are highlighted and labelled. */
function Ends({ from, to, snat = false, dnat = false }: { from: End; to: End; snat?: boolean; dnat?: boolean }) {
  const t = useConntrackTexts()
  const names = useNames(usePanel().namespace)
  const named = (end: End): string => names.address(end.address) ?? ''
  return (
    <span className={styles.ends}>
      <span className={cx(snat && styles.changed)} title={[snat ? t.snat : '', named(from)].filter(Boolean).join('\n')}>
        {endText(from)}
      </span>
      <ArrowRight size={11} aria-label="→" />
      <span className={cx(dnat && styles.changed)} title={[dnat ? t.dnat : '', named(to)].filter(Boolean).join('\n')}>
        {endText(to)}
      </span>
    </span>
  )
}

function stateOf(c: Connection, t: ConntrackTexts): string {
  const flags = c.flags ?? []
  const reply = flags.includes('seen-reply') ? '' : t.unreplied
  const sure = flags.includes('assured') ? t.assured : ''
  const mark = c.mark ? t.mark(`0x${c.mark.toString(16)}`) : ''
  return [c.state ?? '', reply || sure, mark].filter(Boolean).join(' · ')
}

function trafficOf(c: Connection, t: ConntrackTexts, n: Amounts): string {
  const packets = c.packets?.reduce((a, b) => a + b, 0)
  if (packets === undefined) return ''
  return t.trafficOf(n.short(packets), n.bytes(c.bytes?.reduce((a, b) => a + b, 0) ?? 0))
}
