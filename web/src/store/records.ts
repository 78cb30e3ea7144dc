import { useCallback, useSyncExternalStore } from 'react'
import type { Diff } from '@/protocol'
import { idsOf } from '@/protocol'

/** A map of records in which everybody listens to the ids that they show, so that a change costs only what shows it. */
export class RecordMap<T> {
  private readonly records = new Map<string, T>()
  private readonly byId = new Map<string, Set<() => void>>()

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

  /** One record, told to nobody: `notify` when all is whole. */
  set(id: string, record: T): void {
    this.records.set(id, record)
  }

  delete(id: string): void {
    this.records.delete(id)
  }

  /** All new. Returns the ids to `notify`. */
  reset(records: Readonly<Record<string, T>>): Set<string> {
    const touched = new Set([...this.records.keys(), ...Object.keys(records)])
    this.records.clear()
    for (const [id, record] of Object.entries(records)) this.records.set(id, record)
    return touched
  }

  /** Returns the ids to `notify`, so that a change of several maps is whole before anybody hears of it. */
  apply(diff: Diff<T>): string[] {
    for (const id of Object.keys(diff.removed ?? {})) this.records.delete(id)
    for (const [id, record] of Object.entries(diff.added ?? {})) this.records.set(id, record)
    for (const [id, [, after]] of Object.entries(diff.updated ?? {})) this.records.set(id, after)
    return idsOf(diff)
  }

  notify(ids: Iterable<string>): void {
    for (const id of ids) {
      const listeners = this.byId.get(id)
      if (listeners) for (const listener of [...listeners]) listener()
    }
  }

  subscribe(id: string, listener: () => void): () => void {
    const listeners = this.byId.get(id) ?? new Set()
    this.byId.set(id, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.byId.delete(id)
    }
  }
}

/** One record; renders again only when that record changes. */
export function useRecord<T>(map: RecordMap<T>, id: string): T | undefined {
  const subscribe = useCallback((listener: () => void) => map.subscribe(id, listener), [map, id])
  return useSyncExternalStore(subscribe, () => map.get(id))
}
