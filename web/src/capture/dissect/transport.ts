import { dhcp } from './dhcp'
import { dns } from './dns'
import { type Frame, field, flags, hex, numeric } from './frame'
import { http } from './http'
import { tls } from './tls'
import type { Field } from './types'
import { vxlan } from './vxlan'

const TCP_FLAGS = [
  [1, 'FIN'],
  [2, 'SYN'],
  [4, 'RESET'],
  [8, 'PUSH'],
  [16, 'ACK'],
  [32, 'URG'],
  [64, 'ECE'],
  [128, 'CWR'],
] as const

/** Both ports, each under its own key and under the one for either. */
function ports(f: Frame, at: number, prefix: string): Field[] {
  const [source, destination] = [f.u16(at), f.u16(at + 2)]
  return [
    numeric('Source port', source, at, at + 2, `${prefix}.srcport`),
    numeric('Destination port', destination, at + 2, at + 4, `${prefix}.dstport`),
    field('Port', String(source), at, at + 2, `${prefix}.port`, source),
    field('Port', String(destination), at + 2, at + 4, `${prefix}.port`, destination),
  ]
}

/** The conversation that this segment belongs to. */
function flow(f: Frame, prefix: string, at: number, payload: number): void {
  const a = `${f.summary.source} ${f.u16(at)}`
  const b = `${f.summary.destination} ${f.u16(at + 2)}`
  const forward = a < b
  const key = `${prefix} ${forward ? `${a} ${b}` : `${b} ${a}`}`
  const none = { sequence: 0, acknowledged: null, syn: false }
  f.flow = { key, forward, ...none, payload: [Math.min(payload, f.end), f.end] }
}

/** RFC 9293. */
export function tcp(f: Frame, at: number): void {
  const start = at + (f.u8(at + 12) >> 4) * 4
  const [sequence, acknowledged, bits, window] = [f.u32(at + 4), f.u32(at + 8), f.u8(at + 13), f.u16(at + 14)]
  const length = Math.max(0, f.end - start)
  const set = flags(bits, TCP_FLAGS).replace('RESET', 'RST').replace('PUSH', 'PSH')
  f.layer('tcp', `Transmission Control Protocol, ${f.u16(at)} → ${f.u16(at + 2)}`, at, start, [
    ...ports(f, at, 'tcp'),
    numeric('Sequence number', sequence, at + 4, at + 8, 'tcp.seq_raw'),
    numeric('Acknowledgment number', acknowledged, at + 8, at + 12, 'tcp.ack_raw'),
    numeric('Header length', start - at, at + 12, at + 13, 'tcp.hdr_len'),
    field('Flags', set || 'none', at + 13, at + 14, 'tcp.flags', f.u16(at + 12) & 0xfff),
    ...TCP_FLAGS.map(([bit, name]) =>
      field(
        name,
        bits & bit ? 'set' : 'not set',
        at + 13,
        at + 14,
        `tcp.flags.${name.toLowerCase()}`,
        bits & bit ? 1 : 0,
      ),
    ),
    numeric('Window', window, at + 14, at + 16, 'tcp.window_size_value'),
    field('Checksum', hex(f.u16(at + 16), 4), at + 16, at + 18, 'tcp.checksum', f.u16(at + 16)),
    numeric('Segment length', length, start, f.end, 'tcp.len'),
    ...options(f, at + 20, start),
  ])
  // numbers go round (RFC 9293, section 3.4)
  const { origin } = f
  const seq = (sequence - (origin?.sequence ?? 0)) >>> 0
  const ack = bits & 16 ? ` ack=${(acknowledged - (origin?.acknowledged ?? 0)) >>> 0}` : ''
  f.summary.info = `${f.u16(at)} → ${f.u16(at + 2)} [${set}] seq=${seq}${ack} win=${window} len=${length}`
  flow(f, 'tcp', at, start)
  if (f.flow) Object.assign(f.flow, { sequence, acknowledged: bits & 16 ? acknowledged : null, syn: (bits & 2) > 0 })
  if (length > 2 && (f.u16(at) === 53 || f.u16(at + 2) === 53) && f.u16(start) <= length - 2) dns(f, start + 2, 'dns')
  else if (length > 0 && !http(f, start)) tls(f, start)
}

const OPTIONS: Readonly<Record<number, string>> = {
  2: 'Maximum segment size',
  3: 'Window scale',
  4: 'SACK permitted',
  5: 'SACK',
  8: 'Timestamps',
}

function options(f: Frame, from: number, to: number): Field[] {
  const out: Field[] = []
  let at = from
  while (at < to) {
    const kind = f.u8(at)
    if (kind === 0) break
    const length = kind === 1 ? 1 : Math.max(2, f.u8(at + 1))
    if (kind === 2) out.push(numeric('Maximum segment size', f.u16(at + 2), at, at + 4, 'tcp.options.mss_val'))
    else if (kind === 3) out.push(numeric('Window scale', f.u8(at + 2), at, at + 3, 'tcp.options.wscale.shift'))
    else if (kind !== 1) out.push(field('Option', OPTIONS[kind] ?? `kind ${kind}`, at, at + length))
    at += length
  }
  return out
}

/** RFC 768. What is inside goes by the well-known port of either end. */
export function udp(f: Frame, at: number): void {
  const [source, destination] = [f.u16(at), f.u16(at + 2)]
  f.layer('udp', `User Datagram Protocol, ${source} → ${destination}`, at, at + 8, [
    ...ports(f, at, 'udp'),
    numeric('Length', f.u16(at + 4), at + 4, at + 6, 'udp.length'),
    field('Checksum', hex(f.u16(at + 6), 4), at + 6, at + 8, 'udp.checksum', f.u16(at + 6)),
  ])
  f.summary.info = `${source} → ${destination} len=${Math.max(0, f.end - at - 8)}`
  flow(f, 'udp', at, at + 8)
  const either = (...known: number[]): boolean => known.includes(source) || known.includes(destination)
  if (either(53, 5353)) dns(f, at + 8, either(53) ? 'dns' : 'mdns')
  else if (either(67, 68)) dhcp(f, at + 8)
  else if (destination === 4789 || destination === 8472) vxlan(f, at + 8)
}
