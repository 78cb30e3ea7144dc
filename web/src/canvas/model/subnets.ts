/** Which subnet each interface is in, by its addresses or by what it is wired to. Pure. */

import { isPaired } from '@/protocol'
import { cachedInterfaceView, type LabStore, type Scene } from '@/store'

export const COLOURS = 8

export interface Subnet {
  /** `10.0.1.0/24` */
  net: string
  /** Which of the colours. */
  colour: number
  members: number
}

export interface Subnets {
  list: readonly Subnet[]
  /** The colour of an interface, by ref. */
  byRef: ReadonlyMap<string, number>
}

export const NO_SUBNETS: Subnets = { list: [], byRef: new Map() }

/** `10.0.1.0/24` of `10.0.1.7/24`; undefined for what is no subnet of several hosts. */
export function netOf(address: string): string | undefined {
  const [ip = '', bits = ''] = address.split('/')
  const length = Number(bits)
  if (ip.includes(':')) return length > 0 && length < 127 ? v6(ip, length) : undefined
  const parts = ip.split('.').map(Number)
  if (parts.length !== 4 || !(length > 0 && length < 32)) return undefined
  const value = parts.reduce((sum, part) => sum * 256 + part, 0)
  const base = value - (value % 2 ** (32 - length))
  return `${[24, 16, 8, 0].map((s) => Math.floor(base / 2 ** s) % 256).join('.')}/${length}`
}

function v6(ip: string, length: number): string {
  const [head = '', tail] = ip.split('::')
  const groups = (text: string): string[] => text.split(':').filter(Boolean)
  const [a, b] = [groups(head), groups(tail ?? '')]
  const all = tail === undefined ? a : [...a, ...Array<string>(Math.max(0, 8 - a.length - b.length)).fill('0'), ...b]
  const kept = all.map((group, i) => {
    const bits = Math.max(0, Math.min(16, length - 16 * i))
    return (Number.parseInt(group, 16) & (0xffff << (16 - bits)) & 0xffff).toString(16)
  })
  const used = Math.ceil(length / 16)
  return `${kept.slice(0, used).join(':')}${used < 8 ? '::' : ''}/${length}`
}

/** Interfaces of one segment get one number. */
function segments(scene: Scene): Map<string, string> {
  const root = new Map<string, string>()
  const find = (ref: string): string => {
    let at = ref
    for (let up = root.get(at); up !== undefined && up !== at; up = root.get(at)) at = up
    root.set(ref, at)
    return at
  }
  for (const i of scene.interfaces.values()) {
    for (const other of [i.master, isPaired(i.kind) ? i.peer : null]) {
      if (other && scene.interfaces.has(other)) root.set(find(i.ref), find(other))
    }
  }
  return new Map([...scene.interfaces.keys()].map((ref) => [ref, find(ref)]))
}

/** All subnets in use, in the order of their numbers; what has no address is in that of its segment. */
export function subnetsOf(lab: LabStore): Subnets {
  const scene = lab.scene.get()
  const own = new Map<string, string>()
  const members = new Map<string, number>()
  for (const { ref, name } of scene.interfaces.values()) {
    const net = name === 'lo' ? undefined : (cachedInterfaceView(lab, ref)?.addresses ?? []).map(netOf).find(Boolean)
    if (net === undefined) continue
    own.set(ref, net)
    members.set(net, (members.get(net) ?? 0) + 1)
  }
  const order = [...members.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const colour = new Map(order.map((net, i) => [net, i % COLOURS]))
  const bySegment = new Map<string, string>()
  const segment = segments(scene)
  for (const [ref, net] of own) {
    const at = segment.get(ref)
    if (at !== undefined && !bySegment.has(at)) bySegment.set(at, net)
  }
  const byRef = new Map<string, number>()
  for (const ref of scene.interfaces.keys()) {
    const found = colour.get(own.get(ref) ?? bySegment.get(segment.get(ref) ?? '') ?? '')
    if (found !== undefined) byRef.set(ref, found)
  }
  return { list: order.map((net) => ({ net, colour: colour.get(net) ?? 0, members: members.get(net) ?? 0 })), byRef }
}
