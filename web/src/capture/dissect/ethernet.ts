import { type Frame, field, hex, numeric } from './frame'
import { ipv4, ipv6 } from './ip'

const TYPES: Readonly<Record<number, string>> = {
  2048: 'IPv4',
  2054: 'ARP',
  33024: '802.1Q VLAN',
  34525: 'IPv6',
  34984: '802.1ad VLAN',
  35020: 'LLDP',
}

/** Ethernet II (IEEE 802.3), and 802.3 with LLC for the bridges' own frames. */
export function ethernet(f: Frame): void {
  const type = f.u16(12)
  f.summary.source = f.mac(6)
  f.summary.destination = f.mac(0)
  const addresses = [
    field('Destination', f.mac(0), 0, 6, 'eth.dst'),
    field('Source', f.mac(6), 6, 12, 'eth.src'),
    // both ends, for filters that ask for either
    field('Address', f.mac(0), 0, 6, 'eth.addr'),
    field('Address', f.mac(6), 6, 12, 'eth.addr'),
  ]
  if (type < 0x0600) {
    f.layer('eth', 'IEEE 802.3 Ethernet', 0, 14, [...addresses, numeric('Length', type, 12, 14, 'eth.len')])
    llc(f, 14)
    return
  }
  f.layer('eth', 'Ethernet II', 0, 14, [...addresses, numeric('Type', type, 12, 14, 'eth.type', TYPES[type])])
  f.summary.info = TYPES[type] ?? `EtherType ${hex(type, 4)}`
  network(f, type, 14)
}

function network(f: Frame, type: number, at: number): void {
  if (type === 0x0800) ipv4(f, at)
  else if (type === 0x86dd) ipv6(f, at)
  else if (type === 0x0806) arp(f, at)
  else if (type === 0x8100 || type === 0x88a8) vlan(f, at)
}

/** IEEE 802.1Q. */
function vlan(f: Frame, at: number): void {
  const tag = f.u16(at)
  const type = f.u16(at + 2)
  f.layer('vlan', `802.1Q VLAN ${tag & 0xfff}`, at, at + 4, [
    numeric('Priority', tag >> 13, at, at + 1, 'vlan.priority'),
    numeric('VLAN identifier', tag & 0xfff, at, at + 2, 'vlan.id'),
    numeric('Type', type, at + 2, at + 4, 'vlan.etype', TYPES[type]),
  ])
  network(f, type, at + 4)
}

/** RFC 826, for IPv4 over Ethernet. */
function arp(f: Frame, at: number): void {
  const operation = f.u16(at + 6)
  const [sender, target] = [f.ipv4(at + 14), f.ipv4(at + 24)]
  f.layer('arp', `Address Resolution Protocol (${operation === 1 ? 'request' : 'reply'})`, at, at + 28, [
    numeric('Hardware type', f.u16(at), at, at + 2, 'arp.hw.type'),
    numeric('Protocol type', f.u16(at + 2), at + 2, at + 4, 'arp.proto.type', TYPES[f.u16(at + 2)]),
    numeric('Operation', operation, at + 6, at + 8, 'arp.opcode', operation === 1 ? 'request' : 'reply'),
    field('Sender MAC address', f.mac(at + 8), at + 8, at + 14, 'arp.src.hw_mac'),
    field('Sender IP address', sender, at + 14, at + 18, 'arp.src.proto_ipv4'),
    field('Target MAC address', f.mac(at + 18), at + 18, at + 24, 'arp.dst.hw_mac'),
    field('Target IP address', target, at + 24, at + 28, 'arp.dst.proto_ipv4'),
  ])
  f.summary.info = operation === 1 ? `Who has ${target}? Tell ${sender}` : `${sender} is at ${f.mac(at + 8)}`
  if (operation === 1 && sender === target) f.summary.info = `Gratuitous ARP for ${sender}`
}

/** IEEE 802.2; the one speaker on these networks is the spanning tree protocol (IEEE 802.1D, clause 9). */
function llc(f: Frame, at: number): void {
  f.layer('llc', 'Logical-Link Control', at, at + 3, [
    field('DSAP', hex(f.u8(at), 2), at, at + 1, 'llc.dsap', f.u8(at)),
    field('SSAP', hex(f.u8(at + 1), 2), at + 1, at + 2, 'llc.ssap', f.u8(at + 1)),
  ])
  if (f.u8(at) !== 0x42) return
  const [start, type] = [at + 3, f.u8(at + 6)]
  const what = type === 0 ? 'Configuration' : type === 0x80 ? 'Topology change notification' : 'Rapid spanning tree'
  const fields = [numeric('BPDU type', type, start + 3, start + 4, 'stp.type', what)]
  if (type !== 0x80) {
    const root = `${f.u16(start + 5)}.${f.mac(start + 7)}`
    const bridge = `${f.u16(start + 17)}.${f.mac(start + 19)}`
    fields.push(
      field('Flags', hex(f.u8(start + 4), 2), start + 4, start + 5, 'stp.flags', f.u8(start + 4)),
      field('Root identifier', root, start + 5, start + 13, 'stp.root'),
      numeric('Root path cost', f.u32(start + 13), start + 13, start + 17, 'stp.root.cost'),
      field('Bridge identifier', bridge, start + 17, start + 25, 'stp.bridge'),
      field('Port identifier', hex(f.u16(start + 25), 4), start + 25, start + 27, 'stp.port', f.u16(start + 25)),
    )
    f.summary.info = `${what}: root ${root}, cost ${f.u32(start + 13)}, port ${hex(f.u16(start + 25), 4)}`
  } else f.summary.info = what
  f.layer('stp', `Spanning Tree Protocol (${what})`, start, Math.min(start + 35, f.bytes.length), fields)
}
