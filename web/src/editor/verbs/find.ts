/** Finds what a lab has by name, address, MAC address or interface. Pure. */

import { interfaceId, namespaceId, refOf } from '@/protocol'
import type { LabStore } from '@/store'

/** `id`: the record that is jumped to. `why`: the text that fits, where it is not the name. */
export interface Found {
  id: string
  name: string
  why: string
}

const MOST = 200

/** Everything that contains all words of the query, best first: exact names, then prefixes, then the rest, each in canvas order. */
export function find(lab: LabStore, query: string): Found[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return []
  const ranked: { rank: number; found: Found }[] = []
  for (const thing of things(lab)) {
    const texts = [thing.name, ...thing.more]
    if (!words.every((w) => texts.some((text) => text.toLowerCase().includes(w)))) continue
    const why = thing.more.find((text) => words.some((w) => text.toLowerCase().includes(w))) ?? ''
    const inName = words.every((w) => thing.name.toLowerCase().includes(w))
    ranked.push({ rank: rank(thing.name, words), found: { id: thing.id, name: thing.name, why: inName ? '' : why } })
  }
  ranked.sort((a, b) => a.rank - b.rank)
  return ranked.slice(0, MOST).map(({ found }) => found)
}

function rank(name: string, words: readonly string[]): number {
  const own = name.slice(name.lastIndexOf('/') + 1).toLowerCase()
  const [first = ''] = words
  if (own === first || name.toLowerCase() === first) return name.includes('/') ? 1 : 0
  return own.startsWith(first) || name.toLowerCase().startsWith(first) ? 2 : 3
}

interface Thing {
  id: string
  name: string
  more: readonly string[]
}

function* things(lab: LabStore): Iterable<Thing> {
  const { namespaces, interfaces } = lab.scene.get()
  for (const name of namespaces.keys()) yield { id: namespaceId(name), name, more: [] }
  for (const i of interfaces.values()) {
    const live = lab.live.get(`link:${i.ref}`)
    const desired = lab.desired.get(interfaceId(i.ref))
    const wanted = desired && 'addresses' in desired ? (desired.addresses ?? []) : []
    const addresses = live?.kind === 'link' ? [...(live.addresses ?? []).map((a) => a.address), live.mac] : wanted
    yield { id: interfaceId(i.ref), name: refOf(i), more: [...addresses, i.kind] }
  }
}
