/** What drawing links would do, as commands: names as the kernel would choose them, addresses that are free. Pure. */

import { type AnyCommand, type End, HOST } from '@/protocol'
import type { Scene } from '@/store'
import type { Point } from './boxes'
import { freeAddresses, freeName, namesIn, partsOf, segmentOf } from './propose'

/** A node that is made with its links: a namespace at a place of the canvas, or a bridge in a namespace. */
export type NewNode = { kind: 'namespace'; at?: Point | undefined } | { kind: 'bridge'; namespace: string }

export interface Links {
  commands: readonly AnyCommand[]
  /** The refs of the two ends of each link, as they will be. */
  links: readonly (readonly [string, string])[]
  /** The node that is made. */
  made: string | null
}

/** What is known of addresses: those of an interface. */
export type AddressesOf = (ref: string) => readonly string[]

/** From these nodes to those, never to itself, each pair once. */
export function pairsOf(from: readonly string[], to: readonly string[]): [string, string][] {
  const seen = new Set<string>()
  const out: [string, string][] = []
  for (const a of from) {
    for (const b of to) {
      const key = [a, b].sort().join(' ')
      if (a === b || seen.has(key)) continue
      seen.add(key)
      out.push([a, b])
    }
  }
  return out
}

/** What a drag from `from` to `over` links: where one of the two is part of a selection, all of it. */
export function dragPairs(from: string, over: string, selected: readonly string[]): [string, string][] {
  const [mine, theirs] = [selected.includes(from), selected.includes(over)]
  if (mine && !theirs) return pairsOf(selected, [over])
  if (theirs && !mine) return pairsOf([from], selected)
  return pairsOf([from], [over])
}

/** Proposes names and addresses, each only once. */
class Proposals {
  private readonly names = new Map<string, Set<string>>()
  private readonly given = new Map<string, string[]>()
  private readonly all: string[]

  private readonly scene: Scene
  private readonly addressesOf: AddressesOf

  constructor(scene: Scene, addressesOf: AddressesOf) {
    this.scene = scene
    this.addressesOf = addressesOf
    this.all = [...scene.interfaces.keys()].flatMap((ref) => addressesOf(ref))
  }

  private taken(namespace: string): Set<string> {
    const known = this.names.get(namespace) ?? namesIn(this.scene, namespace)
    this.names.set(namespace, known)
    return known
  }

  /** One number for both ends where both have it free: veth0 – veth0 would be two names in one namespace. */
  pair(a: string, b: string): [string, string] {
    const [left, right] = [this.taken(a), this.taken(b)]
    const first = freeName('veth', new Set([...left, ...right]))
    left.add(first)
    const second = freeName('veth', new Set([...left, ...right, first]))
    right.add(second)
    return [first, second]
  }

  /** The next `count` free addresses on the segments of these bridges, or of a new subnet. */
  addresses(bridges: readonly string[], count: number): string[] {
    const key = bridges[0]
    const near = bridges.flatMap((ref) => [...segmentOf(this.scene, ref)].flatMap((i) => this.addressesOf(i)))
    const before = key === undefined ? [] : (this.given.get(key) ?? [])
    const free = freeAddresses([...near, ...before], this.all, count)
    this.all.push(...free)
    if (key !== undefined) this.given.set(key, [...before, ...free])
    return free
  }
}

function linkOf(proposals: Proposals, a: string, b: string): { a: End; b: End } {
  const nodes = [partsOf(a), partsOf(b)] as const
  const names = proposals.pair(nodes[0].namespace, nodes[1].namespace)
  const bridges = [a, b].filter((node) => node.includes('/'))
  const free = bridges.length === 2 ? [] : proposals.addresses(bridges, 2 - bridges.length)
  const end = (i: 0 | 1): End => {
    const { namespace, master } = nodes[i]
    if (master !== null) return { namespace, name: names[i], master }
    const address = free.shift()
    return { namespace, name: names[i], ...(address === undefined ? {} : { addresses: [address] }) }
  }
  const first = end(0)
  return { a: first, b: end(1) }
}

const refOfEnd = (end: End): string => `${end.namespace}/${end.name}`

/** The edit that draws these links. */
export function linksOf(scene: Scene, addressesOf: AddressesOf, pairs: readonly (readonly [string, string])[]): Links {
  const proposals = new Proposals(scene, addressesOf)
  const ends = pairs.map(([a, b]) => linkOf(proposals, a, b))
  return {
    commands: ends.map(({ a, b }) => ({ do: 'add-link', a, b })),
    links: ends.map(({ a, b }) => [refOfEnd(a), refOfEnd(b)]),
    made: null,
  }
}

/** The edit that makes a node and links these nodes to it. */
export function linksToNew(scene: Scene, addressesOf: AddressesOf, from: readonly string[], fresh: NewNode): Links {
  if (fresh.kind === 'namespace') {
    const name = freeName('ns', new Set(scene.namespaces.keys()))
    const links = linksOf(scene, addressesOf, pairsOf(from, [name]))
    const at = fresh.at && ([Math.round(fresh.at.x), Math.round(fresh.at.y)] as [number, number])
    const add: AnyCommand = { do: 'add-namespace', name, ...(at ? { at } : {}) }
    return { ...links, commands: [add, ...links.commands], made: name }
  }
  const { namespace } = fresh
  const name = freeName('br', namesIn(scene, namespace))
  const links = linksOf(scene, addressesOf, pairsOf(from, [`${namespace}/${name}`]))
  const add: AnyCommand = { do: 'add-interface', interface: { kind: 'bridge', namespace, name } }
  return { ...links, commands: [add, ...links.commands], made: `${namespace}/${name}` }
}

/** The most namespaces that one gesture makes. */
export const MOST = 200

/** The edit that makes `count` namespaces, each with a link to the bridge (or namespace) `hub`, at these places. */
export function star(
  scene: Scene,
  addressesOf: AddressesOf,
  hub: string,
  stem: string,
  places: readonly Point[],
): Links {
  const taken = new Set(scene.namespaces.keys())
  if (stem === HOST) taken.add(HOST)
  const names = places.map(() => {
    const name = freeName(stem, taken)
    taken.add(name)
    return name
  })
  const links = linksOf(
    scene,
    addressesOf,
    names.map((name) => [name, hub] as const),
  )
  const adds = places.map(
    ({ x, y }, i): AnyCommand => ({ do: 'add-namespace', name: names[i] ?? '', at: [Math.round(x), Math.round(y)] }),
  )
  return { commands: [...adds, ...links.commands], links: links.links, made: null }
}

/** Free places in rows below a box. */
export function rowsBelow(
  box: { x: number; y: number; w: number; h: number },
  taken: readonly { x: number; y: number; w: number; h: number }[],
  count: number,
): Point[] {
  const [pitchX, pitchY] = [300, 180]
  const columns = Math.max(1, Math.min(count, Math.max(5, Math.ceil(Math.sqrt(count * 2)))))
  const left = box.x + box.w / 2 - (columns * pitchX - 40) / 2
  const free = (p: Point): boolean =>
    taken.every((t) => p.x + 260 <= t.x || t.x + t.w <= p.x || p.y + 130 <= t.y || t.y + t.h <= p.y)
  const out: Point[] = []
  for (let i = 0; out.length < count && i < 100 * count; i += 1) {
    const at = { x: left + (i % columns) * pitchX, y: box.y + box.h + 110 + Math.floor(i / columns) * pitchY }
    if (free(at)) out.push({ x: Math.round(at.x), y: Math.round(at.y) })
  }
  return out
}
