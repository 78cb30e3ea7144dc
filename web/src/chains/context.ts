import { createContext, useContext, useMemo } from 'react'
import { useEditor } from '@/editor'
import type { Family, Table } from '@/protocol'
import { useChains } from '@/store'
import { usePart } from '@/ui'
import { type CounterBook, type Counters, NOTHING, tableKey } from './counters'
import { type ChainView, callers, chainView, emptyChain } from './model/digest'
import { chainsOf, FAMILIES, isHook, TABLES } from './model/hooks'

/** Names one chain of a namespace. */
export interface ChainRef {
  family: Family
  table: Table
  name: string
}

export type View = 'map' | 'matrix' | 'conntrack'

/** What is being written: a new rule (`at` its number to be, null: at the end; `text` to begin with) or rule number `at`, which
 * was `was`. */
export type Draft = { kind: 'new'; at: number | null; text?: string } | { kind: 'change'; at: number; was: string }

/** `key` is another for each new thing that is written. */
export interface Writing {
  key: number
  chainRef: ChainRef
  draft: Draft
}

/** All chains of one table: the built-in ones in the order of `iptables-save`, then the user-defined ones. */
export interface TableView {
  family: Family
  table: Table
  builtIn: readonly ChainView[]
  custom: readonly ChainView[]
  /** User-defined chain → the chains with a rule that jumps to it. */
  callers: ReadonlyMap<string, readonly string[]>
}

export type Tables = ReadonlyMap<string, TableView>

export interface Panel {
  namespace: string
  /** It is the tab that is seen. */
  active: boolean
  families: readonly Family[]
  tables: Tables
  book: CounterBook
  chainRef: ChainRef
  go(chainRef: ChainRef): void
  writing: Writing | null
  write(chainRef: ChainRef, draft: Draft): void
  /** What is being written is for another chain, or another rule, after all. */
  retarget(chainRef: ChainRef, draft: Draft): void
  /** Nothing is being written any more. */
  leave(): void
}

export const PanelContext = createContext<Panel | null>(null)

export function usePanel(): Panel {
  const panel = useContext(PanelContext)
  if (!panel) throw new Error('usePanel outside of a chains panel')
  return panel
}

/** Every table of a namespace in both families, also those without records. */
export function useTables(namespace: string): Tables {
  const records = useChains(useEditor().lab, namespace)
  return useMemo(() => {
    const out = new Map<string, TableView>()
    for (const family of FAMILIES) {
      for (const table of TABLES) {
        const own = records.filter((c) => c.family === family && c.table === table)
        const names = new Set(own.flatMap((c) => (isHook(c.name) ? [] : [c.name])))
        const known = new Map(own.map((c) => [c.name, chainView(c, names)]))
        const builtIn = chainsOf(table).map((name) => known.get(name) ?? emptyChain(namespace, family, table, name))
        const custom = [...names].sort().flatMap((name) => known.get(name) ?? [])
        const who = callers([...builtIn, ...custom])
        out.set(tableKey(family, table), { family, table, builtIn, custom, callers: who })
      }
    }
    return out
  }, [records, namespace])
}

export function useTable(family: Family, table: Table): TableView {
  const found = usePanel().tables.get(tableKey(family, table))
  if (!found) throw new Error(`no table ${family}/${table}`)
  return found
}

export function useChain({ family, table, name }: ChainRef): ChainView | undefined {
  const { builtIn, custom } = useTable(family, table)
  return builtIn.find((c) => c.name === name) ?? custom.find((c) => c.name === name)
}

/** The counters of one table; renders again only when they move. */
export function useCounters(family: Family, table: Table): Counters {
  return usePart(usePanel().book, (all) => all.get(tableKey(family, table)) ?? NOTHING)
}

export const sameChain = (a: ChainRef, b: ChainRef): boolean =>
  a.family === b.family && a.table === b.table && a.name === b.name
