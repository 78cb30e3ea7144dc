/** The structure of a lab, derived from the records: which namespaces, bridges, interfaces and links are drawn.
 *
 * It changes only when something is added, removed or reconnected; names, states and addresses are read from the records. */

import {
  type AnyLive,
  type AnyRecord,
  HOST,
  isInterface,
  isNode,
  isPaired,
  lowerOf,
  nameOf,
  namespaceOf,
  peerOf,
  refOf,
} from '@/protocol'
import type { RecordMap } from './records'

/** An interface's place in the network. `master` and the others are refs (`ns0/br0`). */
export interface SceneInterface {
  ref: string
  namespace: string
  name: string
  kind: string
  master: string | null
  peer: string | null
  parent: string | null
}

/** `loose` are the interfaces under no bridge; `bridges` and each bridge's ports stand beside them. */
export interface SceneNamespace {
  name: string
  loose: readonly string[]
  bridges: readonly { ref: string; ports: readonly string[] }[]
}

/** A line between two interfaces: a veth pair, or an interface (`a`) on its lower interface (`b`). */
export interface SceneLink {
  id: string
  a: string
  b: string
  kind: 'pair' | 'parent'
}

export interface Scene {
  namespaces: ReadonlyMap<string, SceneNamespace>
  interfaces: ReadonlyMap<string, SceneInterface>
  links: ReadonlyMap<string, SceneLink>
}

export const EMPTY_SCENE: Scene = { namespaces: new Map(), interfaces: new Map(), links: new Map() }

export interface Maps {
  desired: RecordMap<AnyRecord>
  observed: RecordMap<AnyRecord>
  live: RecordMap<AnyLive>
}

/** An interface as observed, otherwise as in the document; undefined if there is none. */
export function interfaceIn(maps: Maps, ref: string): SceneInterface | undefined {
  const live = maps.live.get(`link:${ref}`)
  if (live?.kind === 'link') {
    const { namespace, name, type, master, peer, parent } = live
    const under = master ? `${namespace}/${master}` : null
    return { ref, namespace, name, kind: type, master: under, peer: peer ?? null, parent: parent ?? null }
  }
  const record = maps.observed.get(`interface:${ref}`) ?? maps.desired.get(`interface:${ref}`)
  if (!isInterface(record)) return undefined
  return {
    ref,
    namespace: record.namespace,
    name: record.name,
    kind: record.kind,
    master: record.master ? `${record.namespace}/${record.master}` : null,
    peer: peerOf(record),
    parent: lowerOf(record),
  }
}

/** Builds the scene. Entries equal to those of `last` are the same objects. */
export function buildScene(maps: Maps, last: Scene = EMPTY_SCENE): Scene {
  const interfaces = new Map<string, SceneInterface>()
  for (const ref of interfaceRefs(maps)) {
    const found = interfaceIn(maps, ref)
    if (found) interfaces.set(ref, keep(last.interfaces.get(ref), found))
  }
  return {
    interfaces,
    namespaces: namespacesOf(namespaceNames(maps), interfaces, last),
    links: linksOf(interfaces, last),
  }
}

function* interfaceRefs(maps: Maps): Iterable<string> {
  for (const record of maps.live.values()) if (record.kind === 'link') yield refOf(record)
  for (const map of [maps.observed, maps.desired]) {
    for (const id of map.ids()) if (id.startsWith('interface:')) yield id.slice(10)
  }
}

function namespaceNames(maps: Maps): Set<string> {
  const names = new Set<string>()
  for (const map of [maps.observed, maps.desired]) {
    for (const id of map.ids()) if (id.startsWith('namespace:')) names.add(id.slice(10))
  }
  for (const id of maps.live.ids()) if (id.startsWith('netns:')) names.add(id.slice(6))
  return names
}

const natural = new Intl.Collator('en', { numeric: true })

/** `host` and `lo` first, then veth2 before veth10. */
export function byName(a: string, b: string): number {
  const rank = (n: string): number => (n === HOST || n === 'lo' ? 0 : 1)
  return rank(a) - rank(b) || natural.compare(a, b)
}

function namespacesOf(
  names: Set<string>,
  interfaces: Map<string, SceneInterface>,
  last: Scene,
): Map<string, SceneNamespace> {
  const loose = new Map<string, string[]>()
  const bridges = new Map<string, string[]>()
  const ports = new Map<string, string[]>()
  const put = (into: Map<string, string[]>, key: string, ref: string): void => {
    const list = into.get(key)
    if (list) list.push(ref)
    else into.set(key, [ref])
  }
  for (const i of interfaces.values()) {
    names.add(i.namespace)
    if (isNode(i.kind)) put(bridges, i.namespace, i.ref)
    else if (i.master && isNode(interfaces.get(i.master)?.kind)) put(ports, i.master, i.ref)
    else put(loose, i.namespace, i.ref)
  }
  const sorted = (list: string[] | undefined): string[] => (list ?? []).sort((a, b) => byName(nameOf(a), nameOf(b)))
  const out = new Map<string, SceneNamespace>()
  for (const name of [...names].sort(byName)) {
    const own = sorted(bridges.get(name)).map((ref) => ({ ref, ports: sorted(ports.get(ref)) }))
    out.set(name, keepNamespace(last.namespaces.get(name), { name, loose: sorted(loose.get(name)), bridges: own }))
  }
  return out
}

function linksOf(interfaces: Map<string, SceneInterface>, last: Scene): Map<string, SceneLink> {
  const out = new Map<string, SceneLink>()
  const add = (a: string, b: string, kind: SceneLink['kind']): void => {
    const id = `${kind}:${a}+${b}`
    out.set(id, last.links.get(id) ?? { id, a, b, kind })
  }
  for (const i of interfaces.values()) {
    if (i.parent && interfaces.has(i.parent)) add(i.ref, i.parent, 'parent')
    if (!i.peer || !isPaired(i.kind)) continue
    const peer = interfaces.get(i.peer)
    // A pair names each other; each line once.
    if (peer?.peer === i.ref && i.ref < i.peer) add(i.ref, i.peer, 'pair')
  }
  return out
}

function keep(last: SceneInterface | undefined, now: SceneInterface): SceneInterface {
  if (!last) return now
  const fields: (keyof SceneInterface)[] = ['kind', 'master', 'peer', 'parent']
  return fields.every((f) => last[f] === now[f]) ? last : now
}

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i])

function keepNamespace(last: SceneNamespace | undefined, now: SceneNamespace): SceneNamespace {
  if (!last || !sameList(last.loose, now.loose) || last.bridges.length !== now.bridges.length) return now
  const bridges = now.bridges.every((bridge, i) => {
    const other = last.bridges[i]
    return other !== undefined && other.ref === bridge.ref && sameList(other.ports, bridge.ports)
  })
  return bridges ? last : now
}

/** Whether these changed ids can change the scene: something came or went, or an interface is wired anew. */
export function touchesScene(scene: Scene, maps: Maps, ids: Iterable<string>): boolean {
  for (const id of ids) {
    const [kind, name] = [id.slice(0, id.indexOf(':')), id.slice(id.indexOf(':') + 1)]
    if (kind === 'interface' || kind === 'link') {
      const [was, is] = [scene.interfaces.get(name), interfaceIn(maps, name)]
      if (!was || !is) {
        if (was !== is) return true
      } else if (keep(was, is) !== was) return true
    } else if (kind === 'namespace' || kind === 'netns') {
      const there =
        maps.desired.has(`namespace:${name}`) ||
        maps.observed.has(`namespace:${name}`) ||
        maps.live.has(`netns:${name}`)
      if (there !== scene.namespaces.has(name)) return true
    }
  }
  return false
}

/** The namespace of a node: that of a bridge's ref, or the namespace itself. */
export const namespaceOfNode = (node: string): string => (node.includes('/') ? namespaceOf(node) : node)
