import { useCallback, useMemo, useRef, useState } from 'react'
import type { DockPanel } from '@/editor'
import type { Family } from '@/protocol'
import { useSize } from '@/ui'
import { ChainPane } from './ChainPane'
import styles from './Chains.module.css'
import { type Draft, type Panel, PanelContext, type Spot, usePanel, useTables, type View } from './context'
import { useCounterBook } from './counters'
import { FlowMap } from './FlowMap'
import { Matrix } from './Matrix'
import { FAMILIES } from './model/hooks'
import { OwnChains } from './OwnChains'
import { Toolbar } from './Toolbar'
import { useNotes } from './useNotes'

type ChainsPanel = Extract<DockPanel, { kind: 'chains' }>

/** Taller than this, in CSS pixels, the map stands above the rules, else beside them. */
const TALL = 620
const FIRST: Spot = { family: 'ipv4', table: 'filter', name: 'INPUT' }

/** Netfilter of one namespace: the packet's way, the rules, the connections. */
export default function Chains({ tab, panel, active }: { tab: string; panel: ChainsPanel; active: boolean }) {
  const { namespace } = panel
  const [view, setView] = useState<View>('map')
  const [families, setFamilies] = useState<readonly Family[]>(['ipv4'])
  const tables = useTables(namespace)
  const book = useCounterBook(tab, namespace, active)
  const notes = useNotes(namespace, active)
  const [spot, setSpot] = useState<Spot>(() => firstSpot(tables))
  const [draft, setDraft] = useState<{ spot: Spot; draft: Draft } | null>(null)
  const go = useCallback((to: Spot) => {
    setSpot({ family: to.family, table: to.table, name: to.name })
    setFamilies((now) => (now.includes(to.family) ? now : [to.family]))
    setDraft(null)
  }, [])
  const context = useMemo<Panel>(
    () => ({
      namespace,
      families,
      tables,
      book,
      spot,
      go,
      draft,
      write: ({ family, table, name }, next) => setDraft({ spot: { family, table, name }, draft: next }),
      leave: () => setDraft(null),
    }),
    [namespace, families, tables, book, spot, go, draft],
  )
  const switchTo = (next: readonly Family[]): void => {
    setFamilies(next)
    if (!next.includes(spot.family)) go({ ...spot, family: next[0] ?? 'ipv4' })
    setFamilies(next)
  }
  return (
    <PanelContext.Provider value={context}>
      <div className={styles.panel}>
        <Toolbar view={view} onView={setView} families={families} onFamilies={switchTo} />
        <Body view={view} notes={notes} />
      </div>
    </PanelContext.Provider>
  )
}

/** The first chain that has rules, else filter INPUT. */
function firstSpot(tables: ReturnType<typeof useTables>): Spot {
  const all = FAMILIES.flatMap((family) =>
    [...tables.values()].filter((t) => t.family === family).flatMap((t) => [...t.builtIn, ...t.custom]),
  )
  const found = all.find((c) => c.rules.length > 0 && c.family === 'ipv4')
  return found ? { family: found.family, table: found.table, name: found.name } : FIRST
}

function Body({ view, notes }: { view: View; notes: ReturnType<typeof useNotes> }) {
  const box = useRef<HTMLDivElement>(null)
  const { width, height } = useSize(box)
  const tall = height > TALL
  return (
    <div ref={box} className={styles.body} data-tall={tall || undefined}>
      <Where
        view={view}
        room={tall ? { width: width - 24, height: 330 } : { width: width * 0.56 - 24, height: height - 60 }}
      />
      <Lists notes={notes} />
    </div>
  )
}

function Where({ view, room }: { view: View; room: { width: number; height: number } }) {
  return (
    <div className={styles.where}>
      {view === 'matrix' ? <Matrix /> : <FlowMap room={room} />}
      <OwnChains />
    </div>
  )
}

function Lists({ notes }: { notes: ReturnType<typeof useNotes> }) {
  const { families, spot } = usePanel()
  return (
    <div className={styles.lists}>
      {families.map((family) => (
        <ChainPane key={family} spot={{ ...spot, family }} notes={notes} />
      ))}
    </div>
  )
}
