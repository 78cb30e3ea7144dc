import { type AnyLive, afterColon, type CountersLive } from '@/protocol'
import type { Pace } from './pace'
import { RecordMap } from './records'

/** Bits per second; `at`: s on the lab's clock. */
export interface Rate {
  at: number
  rx: number
  tx: number
}

/** So many readings are kept: at one a second, two minutes. */
export const KEPT = 120

/** Rates by interface name between two readings of a namespace; a counter that went back belongs to a new interface. */
export function ratesBetween(before: CountersLive, now: CountersLive): Map<string, Rate> {
  const out = new Map<string, Rate>()
  const seconds = now.at - before.at
  if (seconds <= 0) return out
  for (const [name, row] of Object.entries(now.rows)) {
    const old = before.rows[name]
    if (!old) continue
    const [rx, tx] = [row.rx_bytes - old.rx_bytes, row.tx_bytes - old.tx_bytes]
    if (rx >= 0 && tx >= 0) out.set(name, { at: now.at, rx: (8 * rx) / seconds, tx: (8 * tx) / seconds })
  }
  return out
}

/** Rates of the interfaces of subscribed namespaces, by ref, with the last two minutes. */
export class Rates extends RecordMap<Rate> {
  private readonly last = new Map<string, CountersLive>()
  private readonly kept = new Map<string, Rate[]>()

  constructor(live: RecordMap<AnyLive>, pace?: Pace) {
    super(pace)
    live.watch((ids) => {
      for (const id of ids) {
        if (!id.startsWith('counters:')) continue
        const record = live.get(id)
        if (record?.kind === 'counters') this.read(record)
        else this.forget(afterColon(id))
      }
    })
  }

  /** The readings of an interface, oldest first. */
  history(ref: string): readonly Rate[] {
    return this.kept.get(ref) ?? []
  }

  private read(now: CountersLive): void {
    const { namespace } = now
    const before = this.last.get(namespace)
    this.last.set(namespace, now)
    if (!before || before === now) return
    const touched: string[] = []
    for (const [name, rate] of ratesBetween(before, now)) {
      const ref = `${namespace}/${name}`
      this.set(ref, rate)
      this.kept.set(ref, [...(this.kept.get(ref) ?? []), rate].slice(-KEPT))
      touched.push(ref)
    }
    this.notify(touched)
  }

  private forget(namespace: string): void {
    this.last.delete(namespace)
    const gone = [...this.ids()].filter((ref) => ref.startsWith(`${namespace}/`))
    for (const ref of gone) {
      this.delete(ref)
      this.kept.delete(ref)
    }
    this.notify(gone)
  }
}

/** What runs over a pair, from `a` and towards it, by whichever end is known: one end's tx is the other's rx. */
export function flowOf(a: Rate | undefined, b: Rate | undefined): { out: number; back: number } | undefined {
  const known = a && b ? (a.at >= b.at ? 'a' : 'b') : a ? 'a' : 'b'
  if (known === 'a' && a) return { out: a.tx, back: a.rx }
  return b && { out: b.rx, back: b.tx }
}

/** Few namespaces that have an end of each of these links: the counters of one end say all. Greedy; at most `most`. */
export function covering(links: Iterable<readonly [string, string]>, most: number): string[] {
  const open = [...links]
  const out: string[] = []
  let left = open
  while (left.length > 0 && out.length < most) {
    const degree = new Map<string, number>()
    for (const link of left) for (const name of new Set(link)) degree.set(name, (degree.get(name) ?? 0) + 1)
    const [best] = [...degree].reduce((x, y) => (y[1] > x[1] ? y : x))
    out.push(best)
    left = left.filter((link) => !link.includes(best))
  }
  return out.sort()
}
