import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { DockPanel } from '@/editor'
import type { Family } from '@/protocol'
import { useSize } from '@/ui'
import { ChainPane } from './ChainPane'
import styles from './Chains.module.css'
import { Conntrack } from './conntrack/Conntrack'
import { type ChainRef, type Panel, PanelContext, usePanel, useTables, type View, type Writing } from './context'
import { useCounterBook } from './counters'
import { FlowMap } from './FlowMap'
import { Matrix } from './Matrix'
import { FAMILIES } from './model/hooks'
import { Toolbar } from './Toolbar'
import { UserDefinedChains } from './UserDefinedChains'
import { useNotes } from './useNotes'
import { RuleEditor } from './write/RuleEditor'

type ChainsPanel = Extract<DockPanel, { kind: 'chains' }>

/** If the panel is taller than this, in CSS pixels, the map is above the rules, otherwise beside them. */
const TALL = 620
/** Narrower than this there is no room beside the map either. */
const NARROW = 640
/** Which table is looked at first, where several have rules. */
const FIRST_TABLES: readonly string[] = ['filter', 'nat', 'mangle', 'raw', 'security']
const FIRST: ChainRef = { family: 'ipv4', table: 'filter', name: 'INPUT' }

/** Netfilter of one namespace: the packet's way, the rules, the connections. */
export default function Chains({ tab, panel, active }: { tab: string; panel: ChainsPanel; active: boolean }) {
  const { namespace } = panel
  const [view, setView] = useState<View>('map')
  const [families, setFamilies] = useState<readonly Family[]>(['ipv4'])
  const tables = useTables(namespace)
  const book = useCounterBook(tab, namespace, active)
  const notes = useNotes(namespace, active)
  const [chainRef, setSpot] = useState<ChainRef>(() => firstSpot(tables))
  const [writing, setWriting] = useState<Writing | null>(null)
  const count = useRef(0)
  const go = useCallback((to: ChainRef) => {
    setSpot(bare(to))
    setFamilies((now) => (now.includes(to.family) ? now : [to.family]))
    setWriting(null)
  }, [])
  useEffect(() => {
    if (panel.at) go(panel.at)
  }, [panel.at, go])
  const context = useMemo<Panel>(
    () => ({
      namespace,
      active,
      families,
      tables,
      book,
      chainRef,
      go,
      writing,
      write: (at, draft) => {
        count.current += 1
        setWriting({ key: count.current, chainRef: bare(at), draft })
      },
      retarget: (at, draft) => {
        setSpot(bare(at))
        setFamilies((now) => (now.includes(at.family) ? now : [at.family]))
        setWriting((now) => now && { ...now, chainRef: bare(at), draft })
      },
      leave: () => setWriting(null),
    }),
    [namespace, active, families, tables, book, chainRef, go, writing],
  )
  const switchTo = (next: readonly Family[]): void => {
    setFamilies(next)
    if (!next.includes(chainRef.family)) go({ ...chainRef, family: next[0] ?? 'ipv4' })
    setFamilies(next)
  }
  return (
    <PanelContext.Provider value={context}>
      <div className={styles.panel}>
        <Toolbar view={view} onView={setView} families={families} onFamilies={switchTo} />
        {view === 'conntrack' ? <Conntrack tab={tab} active={active} /> : <Body view={view} notes={notes} />}
      </div>
    </PanelContext.Provider>
  )
}

const bare = ({ family, table, name }: ChainRef): ChainRef => ({ family, table, name })

/** The first chain that has rules, else filter INPUT. */
function firstSpot(tables: ReturnType<typeof useTables>): ChainRef {
  const all = FAMILIES.flatMap((family) =>
    [...tables.values()].filter((t) => t.family === family).flatMap((t) => [...t.builtIn, ...t.custom]),
  )
  const rank = (c: (typeof all)[number]): number => FIRST_TABLES.indexOf(c.table)
  const ruled = all.filter((c) => c.rules.length > 0 && c.family === 'ipv4' && c.builtIn)
  const found = ruled.sort((a, b) => rank(a) - rank(b))[0]
  return found ? { family: found.family, table: found.table, name: found.name } : FIRST
}

function Body({ view, notes }: { view: View; notes: ReturnType<typeof useNotes> }) {
  const box = useRef<HTMLDivElement>(null)
  const { width, height } = useSize(box)
  const tall = height > TALL || width < NARROW
  return (
    <div ref={box} className={styles.body} data-tall={tall || undefined}>
      <Where
        view={view}
        room={tall ? { width: width - 24, height: 330 } : { width: width * 0.57 - 20, height: height - 60 }}
      />
      <Lists notes={notes} />
    </div>
  )
}

function Where({ view, room }: { view: View; room: { width: number; height: number } }) {
  const { writing } = usePanel()
  if (writing) {
    return (
      <div className={styles.where} data-writing>
        <RuleEditor key={writing.key} writing={writing} />
      </div>
    )
  }
  return (
    <div className={styles.where}>
      {view === 'matrix' ? <Matrix /> : <FlowMap room={room} />}
      <UserDefinedChains />
    </div>
  )
}

function Lists({ notes }: { notes: ReturnType<typeof useNotes> }) {
  const { families, chainRef } = usePanel()
  return (
    <div className={styles.lists} data-both={families.length > 1 || undefined}>
      {families.map((family) => (
        <ChainPane key={family} chainRef={{ ...chainRef, family }} notes={notes} />
      ))}
    </div>
  )
}
