import { type Frame, field, hex, numeric, Short } from './frame'
import type { Field } from './types'

const MESSAGES = ['', 'Discover', 'Offer', 'Request', 'Decline', 'ACK', 'NAK', 'Release', 'Inform']
const ADDRESSES: Readonly<Record<number, readonly [label: string, key: string]>> = {
  1: ['Subnet mask', 'dhcp.option.subnet_mask'],
  3: ['Router', 'dhcp.option.router'],
  6: ['DNS server', 'dhcp.option.domain_name_server'],
  50: ['Requested IP address', 'dhcp.option.requested_ip_address'],
  54: ['Server identifier', 'dhcp.option.dhcp_server_id'],
}
const COOKIE = 0x63825363

/** RFC 2131, options RFC 2132. */
export function dhcp(f: Frame, at: number): void {
  if (f.u32(at + 236) !== COOKIE) return
  const fields: Field[] = [
    numeric('Operation', f.u8(at), at, at + 1, 'dhcp.type', f.u8(at) === 1 ? 'request' : 'reply'),
    field('Transaction ID', hex(f.u32(at + 4), 8), at + 4, at + 8, 'dhcp.id', f.u32(at + 4)),
    field('Client IP address', f.ipv4(at + 12), at + 12, at + 16, 'dhcp.ip.client'),
    field('Your IP address', f.ipv4(at + 16), at + 16, at + 20, 'dhcp.ip.your'),
    field('Client MAC address', f.mac(at + 28), at + 28, at + 34, 'dhcp.hw.mac_addr'),
  ]
  let message = ''
  try {
    message = options(f, at + 240, fields)
  } catch (error) {
    if (!(error instanceof Short)) throw error // cut off: what was read stands
  }
  f.summary.info = `DHCP ${message} ${f.ipv4(at + 16) === '0.0.0.0' ? '' : f.ipv4(at + 16)}`.trim()
  f.layer('dhcp', `Dynamic Host Configuration Protocol (${message})`, at, f.end, fields)
}

function options(f: Frame, from: number, fields: Field[]): string {
  let [at, message] = [from, '']
  while (at < f.end && f.u8(at) !== 255) {
    const code = f.u8(at)
    if (code === 0) {
      at += 1
      continue
    }
    const length = f.u8(at + 1)
    const to = at + 2 + length
    const known = ADDRESSES[code]
    if (code === 53) {
      message = MESSAGES[f.u8(at + 2)] ?? String(f.u8(at + 2))
      fields.push(numeric('Message type', f.u8(at + 2), at, to, 'dhcp.option.dhcp', message))
    } else if (known && length >= 4) fields.push(field(known[0], f.ipv4(at + 2), at, to, known[1]))
    else if (code === 51)
      fields.push(field('Lease time', `${f.u32(at + 2)} s`, at, to, 'dhcp.option.ip_address_lease_time', f.u32(at + 2)))
    else if (code === 12) fields.push(field('Host name', f.ascii(at + 2, to), at, to, 'dhcp.option.hostname'))
    else fields.push(field(`Option ${code}`, f.hex(at + 2, to, ' '), at, to))
    at = to
  }
  return message
}
