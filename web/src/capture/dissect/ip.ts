import { type Frame, field, flags, hex, numeric } from './frame'
import { icmp, icmpv6, igmp } from './icmp'
import { tcp, udp } from './transport'
import type { Fragment } from './types'

const PROTOCOLS: Readonly<Record<number, string>> = {
  0: 'Hop-by-Hop Options',
  1: 'ICMP',
  2: 'IGMP',
  4: 'IPv4',
  6: 'TCP',
  17: 'UDP',
  41: 'IPv6',
  43: 'Routing',
  44: 'Fragment',
  47: 'GRE',
  50: 'ESP',
  58: 'ICMPv6',
  60: 'Destination Options',
  89: 'OSPF',
  132: 'SCTP',
}

const FLAGS = [
  [0x8000, 'reserved', 'ip.flags.rb'],
  [0x4000, "don't fragment", 'ip.flags.df'],
  [0x2000, 'more fragments', 'ip.flags.mf'],
] as const

/** RFC 791. */
export function ipv4(f: Frame, at: number): void {
  const words = f.u8(at) & 15
  const [length, fragment, protocol] = [f.u16(at + 2), f.u16(at + 6), f.u8(at + 9)]
  const [source, destination] = [f.ipv4(at + 12), f.ipv4(at + 16)]
  const start = at + words * 4
  const offset = (fragment & 0x1fff) * 8
  const bits = flags(
    fragment,
    FLAGS.map(([bit, name]) => [bit, name]),
  )
  f.layer('ip', `Internet Protocol version 4, ${source} → ${destination}`, at, start, [
    numeric('Version', f.u8(at) >> 4, at, at + 1, 'ip.version'),
    numeric('Header length', words * 4, at, at + 1, 'ip.hdr_len'),
    field('Differentiated services', hex(f.u8(at + 1), 2), at + 1, at + 2, 'ip.dsfield', f.u8(at + 1)),
    numeric('DSCP', f.u8(at + 1) >> 2, at + 1, at + 2, 'ip.dsfield.dscp'),
    numeric('Total length', length, at + 2, at + 4, 'ip.len'),
    field('Identification', hex(f.u16(at + 4), 4), at + 4, at + 6, 'ip.id', f.u16(at + 4)),
    field('Flags', bits || 'none', at + 6, at + 7, 'ip.flags', fragment >> 13),
    ...FLAGS.map(([bit, name, key]) =>
      field(name, fragment & bit ? 'set' : 'not set', at + 6, at + 7, key, fragment & bit ? 1 : 0),
    ),
    // in units of eight bytes, as it is in the header
    field('Fragment offset', String(offset), at + 6, at + 8, 'ip.frag_offset', offset / 8),
    numeric('Time to live', f.u8(at + 8), at + 8, at + 9, 'ip.ttl'),
    numeric('Protocol', protocol, at + 9, at + 10, 'ip.proto', PROTOCOLS[protocol]),
    field('Header checksum', hex(f.u16(at + 10), 4), at + 10, at + 12, 'ip.checksum', f.u16(at + 10)),
    field('Source', source, at + 12, at + 16, 'ip.src'),
    field('Destination', destination, at + 16, at + 20, 'ip.dst'),
    field('Address', source, at + 12, at + 16, 'ip.addr'),
    field('Address', destination, at + 16, at + 20, 'ip.addr'),
  ])
  f.summary.source = source
  f.summary.destination = destination
  // with segmentation offload a length of 0 stands for more than 64 KiB
  if (length > 0) f.end = Math.min(f.end, at + length)
  const key = `${source} ${destination} ${protocol} ${f.u16(at + 4)}`
  if (
    !isFragment(f, protocol, {
      key,
      offset,
      more: (fragment & 0x2000) > 0,
      start,
      bits: at + 6,
      length: at + 2,
      header: at,
    })
  ) {
    upper(f, protocol, start)
  }
}

/** RFC 8200. */
export function ipv6(f: Frame, at: number): void {
  const [length, next] = [f.u16(at + 4), f.u8(at + 6)]
  const [source, destination] = [f.ipv6(at + 8), f.ipv6(at + 24)]
  f.layer('ipv6', `Internet Protocol version 6, ${source} → ${destination}`, at, at + 40, [
    numeric('Traffic class', (f.u16(at) >> 4) & 0xff, at, at + 2, 'ipv6.tclass'),
    numeric('Flow label', f.u24(at + 1) & 0xfffff, at + 1, at + 4, 'ipv6.flow'),
    numeric('Payload length', length, at + 4, at + 6, 'ipv6.plen'),
    numeric('Next header', next, at + 6, at + 7, 'ipv6.nxt', PROTOCOLS[next]),
    numeric('Hop limit', f.u8(at + 7), at + 7, at + 8, 'ipv6.hlim'),
    field('Source', source, at + 8, at + 24, 'ipv6.src'),
    field('Destination', destination, at + 24, at + 40, 'ipv6.dst'),
    field('Address', source, at + 8, at + 24, 'ipv6.addr'),
    field('Address', destination, at + 24, at + 40, 'ipv6.addr'),
  ])
  f.summary.source = source
  f.summary.destination = destination
  if (length > 0) f.end = Math.min(f.end, at + 40 + length)
  extensions(f, next, at + 40)
}

/** RFC 8200, section 4: headers between the IPv6 header and the upper layer. */
function extensions(f: Frame, first: number, start: number): void {
  let [next, at] = [first, start]
  while (next === 0 || next === 43 || next === 44 || next === 60) {
    const length = next === 44 ? 8 : (f.u8(at + 1) + 1) * 8
    const fragment =
      next === 44 ? { offset: f.u16(at + 2) & 0xfff8, more: (f.u8(at + 3) & 1) > 0, id: f.u32(at + 4) } : null
    f.layer('ipv6.ext', `IPv6 ${PROTOCOLS[next]}`, at, at + length, [
      numeric('Next header', f.u8(at), at, at + 1, 'ipv6.ext.nxt', PROTOCOLS[f.u8(at)]),
    ])
    next = f.u8(at)
    at += length
    const key = `${f.summary.source} ${f.summary.destination} ${fragment?.id}`
    if (
      fragment &&
      isFragment(f, next, { key, ...fragment, start: at, bits: at - 6, length: start - 36, header: start })
    )
      return
  }
  upper(f, next, at)
}

/** Whether it is a part of a packet, which then has no upper layer of its own. What an ICMP error quotes is never put together. */
function isFragment(f: Frame, protocol: number, { key, ...part }: Fragment): boolean {
  if (part.offset === 0 && (!part.more || f.quoted)) return false
  f.summary.info = `Fragment of ${PROTOCOLS[protocol] ?? protocol}, offset ${part.offset}`
  if (!f.quoted) f.fragment = { key, ...part }
  return true
}

function upper(f: Frame, protocol: number, at: number): void {
  f.summary.info = PROTOCOLS[protocol] ?? `Protocol ${protocol}`
  if (protocol === 6) tcp(f, at)
  else if (protocol === 17) udp(f, at)
  else if (protocol === 1) icmp(f, at)
  else if (protocol === 58) icmpv6(f, at)
  else if (protocol === 2) igmp(f, at)
  else if (protocol === 4) ipv4(f, at)
  else if (protocol === 41) ipv6(f, at)
}
