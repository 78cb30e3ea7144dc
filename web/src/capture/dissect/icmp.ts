import { type Frame, field, hex, numeric } from './frame'
import type { Field } from './types'

const TYPES: Readonly<Record<number, string>> = {
  0: 'Echo reply',
  3: 'Destination unreachable',
  5: 'Redirect',
  8: 'Echo request',
  11: 'Time exceeded',
  12: 'Parameter problem',
}
const UNREACHABLE = [
  'Network unreachable',
  'Host unreachable',
  'Protocol unreachable',
  'Port unreachable',
  'Fragmentation needed',
  'Source route failed',
  'Network unknown',
  'Host unknown',
  'Source host isolated',
  'Network prohibited',
  'Host prohibited',
  'Network unreachable for TOS',
  'Host unreachable for TOS',
  'Communication prohibited',
]
const TYPES6: Readonly<Record<number, string>> = {
  1: 'Destination unreachable',
  2: 'Packet too big',
  3: 'Time exceeded',
  4: 'Parameter problem',
  128: 'Echo request',
  129: 'Echo reply',
  130: 'Multicast listener query',
  131: 'Multicast listener report',
  133: 'Router solicitation',
  134: 'Router advertisement',
  135: 'Neighbour solicitation',
  136: 'Neighbour advertisement',
  137: 'Redirect',
  143: 'Multicast listener report v2',
}
const UNREACHABLE6 = [
  'No route',
  'Prohibited',
  'Beyond scope',
  'Address unreachable',
  'Port unreachable',
  'Failed policy',
  'Reject route',
]

function head(f: Frame, at: number, prefix: string, name: string | undefined): Field[] {
  return [
    numeric('Type', f.u8(at), at, at + 1, `${prefix}.type`, name),
    numeric('Code', f.u8(at + 1), at + 1, at + 2, `${prefix}.code`),
    field('Checksum', hex(f.u16(at + 2), 4), at + 2, at + 4, `${prefix}.checksum`, f.u16(at + 2)),
  ]
}

function echo(f: Frame, at: number, [ident, seq]: readonly [string, string], name: string): Field[] {
  f.summary.info = `${name}, id ${f.u16(at + 4)}, sequence ${f.u16(at + 6)}`
  return [
    numeric('Identifier', f.u16(at + 4), at + 4, at + 6, ident),
    numeric('Sequence number', f.u16(at + 6), at + 6, at + 8, seq),
    field('Data', `${Math.max(0, f.end - at - 8)} bytes`, at + 8, f.end),
  ]
}

/** RFC 792. The packet that an error is about stands in it. */
export function icmp(f: Frame, at: number): void {
  const type = f.u8(at)
  const name = TYPES[type] ?? `Type ${type}`
  const reason = type === 3 ? UNREACHABLE[f.u8(at + 1)] : undefined
  const fields = head(f, at, 'icmp', TYPES[type])
  f.summary.info = reason ? `${name} (${reason})` : name
  if (type === 0 || type === 8) fields.push(...echo(f, at, ['icmp.ident', 'icmp.seq'], name))
  if (type === 3 && f.u8(at + 1) === 4) fields.push(numeric('Next-hop MTU', f.u16(at + 6), at + 6, at + 8, 'icmp.mtu'))
  const about = type === 3 || type === 5 || type === 11 || type === 12
  f.layer('icmp', `Internet Control Message Protocol, ${f.summary.info}`, at, about ? at + 8 : f.end, fields)
  if (about && at + 8 < f.end) f.inside = { at: at + 8, kind: 'ipv4' }
}

/** RFC 4443, neighbour discovery RFC 4861. */
export function icmpv6(f: Frame, at: number): void {
  const type = f.u8(at)
  const name = TYPES6[type] ?? `Type ${type}`
  const reason = type === 1 ? UNREACHABLE6[f.u8(at + 1)] : undefined
  const fields = head(f, at, 'icmpv6', TYPES6[type])
  f.summary.info = reason ? `${name} (${reason})` : name
  if (type === 128 || type === 129)
    fields.push(...echo(f, at, ['icmpv6.echo.identifier', 'icmpv6.echo.sequence_number'], name))
  if (type === 2) fields.push(numeric('MTU', f.u32(at + 4), at + 4, at + 8, 'icmpv6.mtu'))
  if (type === 135 || type === 136) {
    const target = f.ipv6(at + 8)
    f.summary.info = type === 135 ? `${name} for ${target}` : `${name}: ${target}`
    fields.push(
      field('Target address', target, at + 8, at + 24, `icmpv6.nd.${type === 135 ? 'ns' : 'na'}.target_address`),
    )
  }
  const about = type < 128
  f.layer('icmpv6', `Internet Control Message Protocol v6, ${f.summary.info}`, at, about ? at + 8 : f.end, fields)
  if (about && at + 8 < f.end) f.inside = { at: at + 8, kind: 'ipv6' }
}

/** RFC 2236. */
export function igmp(f: Frame, at: number): void {
  const group = f.ipv4(at + 4)
  f.summary.info = `Type ${hex(f.u8(at), 2)}, group ${group}`
  f.layer('igmp', `Internet Group Management Protocol, ${f.summary.info}`, at, f.end, [
    field('Type', hex(f.u8(at), 2), at, at + 1, 'igmp.type', f.u8(at)),
    field('Group address', group, at + 4, at + 8, 'igmp.maddr'),
  ])
}
