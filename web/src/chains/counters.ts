/** Counters of chains and rules with their rates; the server sends them only for namespaces that are shown. */

import { useEffect, useState } from 'react'
import { useEditor } from '@/editor'
import type { ChainCounters, Family, RuleCountersLive, Table } from '@/protocol'
import type { LabStore } from '@/store'
import { Value } from '@/ui'

/** Of one chain: what met its end, and each rule; [packets, bytes]. */
export interface Reading {
  policy: readonly [number, number] | null
  rules: readonly (readonly [number, number])[]
}

/** Packets a second since the reading before; none when nothing has moved for a while. */
export interface Rates {
  policy: number
  rules: readonly number[]
}

/** Of one table, by chain. */
export interface Counters {
  chains: ReadonlyMap<string, Reading>
  rates: ReadonlyMap<string, Rates>
}

export type AllCounters = ReadonlyMap<string, Counters>

export const NOTHING: Counters = { chains: new Map(), rates: new Map() }
export const tableKey = (family: Family, table: Table): string => `${family}/${table}`
/** No news for so long, in ms, and a rate is zero. */
const STALE = 2600

const reading = (c: ChainCounters): Reading => ({ policy: c.policy ?? null, rules: c.rules ?? [] })

/** The rates between two readings of a table. A chain whose rules have changed starts anew. */
export function ratesBetween(before: RuleCountersLive | undefined, now: RuleCountersLive): Map<string, Rates> {
  const seconds = before ? now.at - before.at : 0
  const out = new Map<string, Rates>()
  if (seconds <= 0) return out
  for (const [name, chain] of Object.entries(now.chains ?? {})) {
    const old = before?.chains?.[name]
    if (!old || (old.rules?.length ?? 0) !== (chain.rules?.length ?? 0)) continue
    const per = (n: number, o: number): number => Math.max(0, n - o) / seconds
    out.set(name, {
      policy: per(chain.policy?.[0] ?? 0, old.policy?.[0] ?? 0),
      rules: (chain.rules ?? []).map(([packets], i) => per(packets, old.rules?.[i]?.[0] ?? 0)),
    })
  }
  return out
}

/** The counters of all tables of one namespace, kept up while it is followed. */
export class CounterBook extends Value<AllCounters> {
  private readonly lab: LabStore
  private readonly prefix: string
  private readonly last = new Map<string, RuleCountersLive>()
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>()

  constructor(lab: LabStore, namespace: string) {
    super(new Map())
    this.lab = lab
    this.prefix = `rule-counters:${namespace}/`
  }

  /** Follow the kernel until the answer is called. */
  follow(): () => void {
    this.read()
    const off = this.lab.live.subscribeUnder(this.prefix, () => this.read())
    return () => {
      off()
      for (const timer of this.timers.values()) clearTimeout(timer)
    }
  }

  private read(): void {
    const found = this.lab.live.under(this.prefix).filter((record) => record.kind === 'rule-counters')
    const next = new Map<string, Counters>()
    for (const record of found) {
      const key = tableKey(record.family, record.table)
      const before = this.last.get(key)
      const known = this.get().get(key)
      next.set(key, before === record && known ? known : this.taken(key, before, record))
    }
    for (const key of this.last.keys()) if (!next.has(key)) this.last.delete(key)
    this.set(next)
  }

  private taken(key: string, before: RuleCountersLive | undefined, now: RuleCountersLive): Counters {
    this.last.set(key, now)
    clearTimeout(this.timers.get(key))
    this.timers.set(
      key,
      setTimeout(() => this.still(key), STALE),
    )
    const chains = new Map(Object.entries(now.chains ?? {}).map(([name, chain]) => [name, reading(chain)]))
    return { chains, rates: ratesBetween(before, now) }
  }

  private still(key: string): void {
    const known = this.get().get(key)
    if (known && known.rates.size > 0) this.set(new Map(this.get()).set(key, { ...known, rates: new Map() }))
  }
}

/** The book of a namespace; its counters are asked for as long as the panel is in front. */
export function useCounterBook(who: string, namespace: string, active: boolean): CounterBook {
  const { lab } = useEditor()
  const [book] = useState(() => new CounterBook(lab, namespace))
  useWatch('filters', who, namespace, active)
  useEffect(() => (active ? book.follow() : undefined), [book, active])
  return book
}

export function useWatch(what: 'filters' | 'conntrack', who: string, namespace: string, active: boolean): void {
  const { session } = useEditor()
  useEffect(() => (active ? session.watch(what, who, namespace) : undefined), [session, what, who, namespace, active])
}

/** The packets that went through a chain, as far as counters tell: those that reached its end, and those that a rule stopped. */
export function through(reading: Reading | undefined, ends: readonly boolean[]): number {
  if (!reading) return 0
  const stopped = reading.rules.reduce((sum, [packets], i) => sum + (ends[i] ? packets : 0), 0)
  return stopped + (reading.policy?.[0] ?? 0)
}

/** The same of rates. */
export function flow(rates: Rates | undefined, ends: readonly boolean[]): number {
  if (!rates) return 0
  return rates.rules.reduce((sum, rate, i) => sum + (ends[i] ? rate : 0), rates.policy)
}
