import { useCallback, useSyncExternalStore } from 'react'
import type { Diff } from '@/protocol'
import { changes } from '@/protocol'
import type { Pace } from './pace'

/** A map of records with listeners per id, so that a change re-renders only the components that show the record. */
export class RecordMap<T> {
  private readonly records = new Map<string, T>()
  /** `chain:ns0/` → the ids that begin with it. */
  private readonly prefixes = new Map<string, Set<string>>()
  private readonly byId = new Map<string, Set<() => void>>()
  private readonly byPrefix = new Map<string, Set<() => void>>()
  private readonly pace: Pace | undefined
  private readonly watchers = new Set<(ids: ReadonlySet<string> | readonly string[]) => void>()

  /** `pace` limits how fast listeners of single ids are called. */
  constructor(pace?: Pace) {
    this.pace = pace
  }

  get(id: string): T | undefined {
    return this.records.get(id)
  }

  has(id: string): boolean {
    return this.records.has(id)
  }

  get size(): number {
    return this.records.size
  }

  ids(): IterableIterator<string> {
    return this.records.keys()
  }

  values(): IterableIterator<T> {
    return this.records.values()
  }

  /** Sets one record without calling listeners: call `notify` when the change is complete. */
  set(id: string, record: T): void {
    this.records.set(id, record)
    const prefix = prefixOf(id)
    if (prefix === '') return
    const ids = this.prefixes.get(prefix)
    if (ids) ids.add(id)
    else this.prefixes.set(prefix, new Set([id]))
  }

  delete(id: string): void {
    this.records.delete(id)
    this.prefixes.get(prefixOf(id))?.delete(id)
  }

  /** All new. Returns the ids to `notify`. */
  reset(records: Readonly<Record<string, T>>): Set<string> {
    const touched = new Set([...this.records.keys(), ...Object.keys(records)])
    this.records.clear()
    this.prefixes.clear()
    for (const [id, record] of Object.entries(records)) this.set(id, record)
    return touched
  }

  /** Returns the ids to `notify`, so that a change of several maps is complete before listeners are called. Throws `Misfit`. */
  apply(diff: Diff<T>): string[] {
    const touched: string[] = []
    for (const [id, record] of changes(diff, (known) => this.records.get(known))) {
      if (record === undefined) this.delete(id)
      else this.set(id, record)
      touched.push(id)
    }
    return touched
  }

  notify(ids: ReadonlySet<string> | readonly string[]): void {
    const under = new Set<() => void>()
    for (const id of ids) {
      const listeners = this.byId.get(id)
      if (listeners && this.pace) this.pace.queue(listeners)
      else if (listeners) for (const listener of [...listeners]) listener()
      if (this.byPrefix.size > 0) for (const one of this.byPrefix.get(prefixOf(id)) ?? []) under.add(one)
    }
    for (const listener of under) listener()
    for (const watcher of [...this.watchers]) watcher(ids)
  }

  /** Listens to all records; the listener gets the ids that changed. */
  watch(watcher: (ids: ReadonlySet<string> | readonly string[]) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  subscribe(id: string, listener: () => void): () => void {
    const off = listen(this.byId, id, listener)
    return () => {
      off()
      this.pace?.forget(listener)
    }
  }

  /** Listens to all records whose id begins with a prefix such as `chain:ns0/`: called once per change of the map. */
  subscribeUnder(prefix: string, listener: () => void): () => void {
    return listen(this.byPrefix, prefix, listener)
  }

  /** The records whose id begins with `chain:ns0/`. */
  under(prefix: string): T[] {
    return [...(this.prefixes.get(prefix) ?? [])].flatMap((id) => this.records.get(id) ?? [])
  }
}

/** `chain:ns0/` of `chain:ns0/ipv4/filter/INPUT`; empty where there is no slash. */
const prefixOf = (id: string): string => id.slice(0, id.indexOf('/') + 1)

function listen(all: Map<string, Set<() => void>>, key: string, listener: () => void): () => void {
  const listeners = all.get(key) ?? new Set()
  all.set(key, listeners)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) all.delete(key)
  }
}

/** One record; renders again only when that record changes. */
export function useRecord<T>(map: RecordMap<T>, id: string): T | undefined {
  const subscribe = useCallback((listener: () => void) => map.subscribe(id, listener), [map, id])
  return useSyncExternalStore(subscribe, () => map.get(id))
}
