import { useRef, useSyncExternalStore } from 'react'

/** A value that can be read and subscribed to. */
export interface Readable<T> {
  get(): T
  subscribe(listener: () => void): () => void
}

/** A value that calls its listeners when it changes. */
export class Value<T> implements Readable<T> {
  private current: T
  private readonly listeners = new Set<() => void>()

  constructor(initial: T) {
    this.current = initial
  }

  readonly get = (): T => this.current

  readonly set = (next: T): void => {
    if (Object.is(next, this.current)) return
    this.current = next
    for (const listener of [...this.listeners]) listener()
  }

  readonly update = (change: (now: T) => T): void => this.set(change(this.current))

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
}

/** The current value; renders again when it changes. */
export function useValue<T>(value: Readable<T>): T {
  return useSyncExternalStore(value.subscribe, value.get)
}

/** A part of the value; renders again only when that part changes (by `equal`). */
export function usePart<T, P>(value: Readable<T>, part: (now: T) => P, equal: (a: P, b: P) => boolean = Object.is): P {
  const last = useRef<{ part: P } | null>(null)
  return useSyncExternalStore(value.subscribe, () => {
    const next = part(value.get())
    if (last.current && equal(last.current.part, next)) return last.current.part
    last.current = { part: next }
    return next
  })
}
