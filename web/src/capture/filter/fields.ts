/** The fields and protocols that display filters may name: those of which every value here is the one that Wireshark would compare. */

export type Type = 'number' | 'flag' | 'seconds' | 'text' | 'ipv4' | 'ipv6' | 'mac'

/** Bits of a number; the most that it can be is `2 ** bits - 1`. */
export interface FieldType {
  type: Type
  bits: number
}

/** Protocols whose layers are those that Wireshark finds. HTTP and TLS are not: their messages span segments, which it puts together. */
export const PROTOCOLS: ReadonlySet<string> = new Set(
  'eth vlan arp ip ipv6 tcp udp icmp icmpv6 igmp dns mdns dhcp vxlan stp llc frame'.split(' '),
)

const NUMBERS: Readonly<Record<number, string>> = {
  3: 'ip.flags vlan.priority',
  4: 'ip.version dns.flags.rcode',
  6: 'ip.dsfield.dscp',
  8: `ip.hdr_len ip.dsfield ip.ttl ip.proto ipv6.nxt ipv6.hlim tcp.hdr_len tcp.options.wscale.shift
    icmp.type icmp.code icmpv6.type icmpv6.code igmp.type llc.dsap llc.ssap stp.type stp.flags dhcp.type dhcp.option.dhcp`,
  12: 'vlan.id tcp.flags',
  16: `eth.type eth.len vlan.etype arp.opcode arp.hw.type arp.proto.type ip.len ip.id ip.frag_offset ip.checksum ipv6.plen
    tcp.port tcp.srcport tcp.dstport tcp.window_size_value tcp.checksum tcp.options.mss_val
    udp.port udp.srcport udp.dstport udp.length udp.checksum icmp.checksum icmp.ident icmp.seq icmp.mtu icmpv6.checksum
    icmpv6.echo.identifier icmpv6.echo.sequence_number dns.id stp.port`,
  24: 'vxlan.vni',
  32: `frame.number frame.len frame.cap_len tcp.seq_raw tcp.ack_raw tcp.len ipv6.tclass ipv6.flow icmpv6.mtu stp.root.cost dhcp.id
    dhcp.option.ip_address_lease_time`,
}
const OTHERS: Readonly<Partial<Record<Type, string>>> = {
  flag: `ip.flags.rb ip.flags.df ip.flags.mf tcp.flags.fin tcp.flags.syn tcp.flags.reset tcp.flags.push tcp.flags.ack tcp.flags.urg
    tcp.flags.ece tcp.flags.cwr dns.flags.response`,
  seconds: 'frame.time_relative',
  text: 'frame.interface_name dns.qry.name dhcp.option.hostname',
  ipv4: `ip.addr ip.src ip.dst arp.src.proto_ipv4 arp.dst.proto_ipv4 dns.a igmp.maddr dhcp.ip.client dhcp.ip.your
    dhcp.option.subnet_mask dhcp.option.router dhcp.option.domain_name_server dhcp.option.requested_ip_address
    dhcp.option.dhcp_server_id`,
  ipv6: 'ipv6.addr ipv6.src ipv6.dst dns.aaaa icmpv6.nd.ns.target_address icmpv6.nd.na.target_address',
  mac: 'eth.addr eth.src eth.dst arp.src.hw_mac arp.dst.hw_mac dhcp.hw.mac_addr',
}

const words = (text: string): string[] => text.split(/\s+/)

export const FIELDS: ReadonlyMap<string, FieldType> = new Map([
  ...Object.entries(NUMBERS).flatMap(([bits, keys]) =>
    words(keys).map((key) => [key, { type: 'number', bits: Number(bits) }] as [string, FieldType]),
  ),
  ...Object.entries(OTHERS).flatMap(([type, keys]) =>
    words(keys ?? '').map((key) => [key, { type, bits: 0 }] as [string, FieldType]),
  ),
])
