/** Names and addresses that are free. Pure. */

import { nameOf } from '@/protocol'
import type { Scene } from '@/store'

/** The first of `stem0`, `stem1`, … that is not taken. */
export function freeName(stem: string, taken: ReadonlySet<string>): string {
  let n = 0
  while (taken.has(`${stem}${n}`)) n += 1
  return `${stem}${n}`
}

/** The names of all interfaces in a namespace. */
export function namesIn(scene: Scene, namespace: string): Set<string> {
  const out = new Set<string>()
  for (const ref of scene.interfaces.keys()) if (ref.startsWith(`${namespace}/`)) out.add(nameOf(ref))
  return out
}

/** The namespace of a node `ns0` or `host/br0`, and the name of the bridge, if it is one. */
export function partsOf(node: string): { namespace: string; master: string | null } {
  const slash = node.indexOf('/')
  return slash < 0
    ? { namespace: node, master: null }
    : { namespace: node.slice(0, slash), master: node.slice(slash + 1) }
}

/** The interfaces that a frame from `ref` reaches: over pairs and bridges. */
export function segmentOf(scene: Scene, ref: string): Set<string> {
  const ports = new Map<string, string[]>()
  for (const i of scene.interfaces.values()) if (i.master) ports.set(i.master, [...(ports.get(i.master) ?? []), i.ref])
  const seen = new Set<string>()
  const open = [ref]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    const here = scene.interfaces.get(at)
    open.push(...(ports.get(at) ?? []), ...[here?.master, here?.peer].filter((x): x is string => Boolean(x)))
  }
  return seen
}

type Subnet = { base: number; length: number }

function parse(address: string): { ip: number; net: Subnet } | null {
  const found = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(address)
  if (!found) return null
  const [a = 0, b = 0, c = 0, d = 0, length = 32] = found.slice(1).map(Number)
  const ip = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
  return { ip, net: { base: (ip & mask(length)) >>> 0, length } }
}

const mask = (length: number): number => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0)
const text = (ip: number): string => [24, 16, 8, 0].map((s) => (ip >>> s) & 255).join('.')

const overlaps = (a: Subnet, b: Subnet): boolean => {
  const m = mask(Math.min(a.length, b.length))
  return (a.base & m) >>> 0 === (b.base & m) >>> 0
}

/** The next `count` free IPv4 addresses of the subnet in use `near`, otherwise of the first unused 10.0.N.0/24. */
export function freeAddresses(near: Iterable<string>, everywhere: Iterable<string>, count: number): string[] {
  const here = [...near].flatMap((a) => parse(a) ?? [])
  const all = [...everywhere].flatMap((a) => parse(a) ?? [])
  let net = here.find((a) => a.net.length < 31)?.net
  for (let n = 1; n < 255 && !net; n += 1) {
    const candidate = { base: ((10 << 24) | (n << 8)) >>> 0, length: 24 }
    if (!all.some((a) => overlaps(a.net, candidate))) net = candidate
  }
  if (!net) return []
  const taken = new Set(here.map((a) => a.ip))
  const out: string[] = []
  const last = net.base + 2 ** (32 - net.length) - 1
  for (let ip = net.base + 1; ip < last && out.length < count; ip += 1) {
    if (!taken.has(ip)) out.push(`${text(ip)}/${net.length}`)
  }
  return out
}
