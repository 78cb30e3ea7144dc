import { type Frame, field, hex, numeric, Short } from './frame'
import type { Field } from './types'

const TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  41: 'OPT',
  65: 'HTTPS',
  255: 'ANY',
}
const CODES = ['no error', 'format error', 'server failure', 'no such name', 'not implemented', 'refused']

/** A name (RFC 1035, section 4.1.4) and where it ends; pointers go back only, so that none goes round in a circle. */
function nameAt(f: Frame, start: number, from: number): { text: string; to: number } {
  const labels: string[] = []
  let [at, end, limit] = [from, -1, from]
  for (;;) {
    const length = f.u8(at)
    if (length >= 0xc0) {
      const target = start + (f.u16(at) & 0x3fff)
      if (end < 0) end = at + 2
      if (target >= limit) throw new Short()
      limit = target
      at = target
    } else if (length === 0) return { text: labels.join('.') || '<root>', to: end < 0 ? at + 1 : end }
    else {
      labels.push(f.ascii(at + 1, at + 1 + length))
      at += 1 + length
    }
  }
}

function data(f: Frame, start: number, type: number, at: number, length: number): string {
  if (type === 1 && length === 4) return f.ipv4(at)
  if (type === 28 && length === 16) return f.ipv6(at)
  if (type === 2 || type === 5 || type === 12) return nameAt(f, start, at).text
  if (type === 15) return `${f.u16(at)} ${nameAt(f, start, at + 2).text}`
  if (type === 33) return `${f.u16(at)} ${f.u16(at + 2)} ${f.u16(at + 4)} ${nameAt(f, start, at + 6).text}`
  if (type === 16) return f.ascii(at + 1, Math.min(at + length, at + 1 + f.u8(at)))
  return `${length} bytes`
}

/** RFC 1035; `protocol` is `mdns` for RFC 6762. */
export function dns(f: Frame, start: number, protocol: string): void {
  const bits = f.u16(start + 2)
  const answer = (bits & 0x8000) !== 0
  const counts = [4, 6, 8, 10].map((i) => f.u16(start + i))
  const fields: Field[] = [
    field('Transaction ID', hex(f.u16(start), 4), start, start + 2, 'dns.id', f.u16(start)),
    numeric('Response', answer ? 1 : 0, start + 2, start + 3, 'dns.flags.response', answer ? 'yes' : 'no'),
  ]
  if (answer) fields.push(numeric('Reply code', bits & 15, start + 3, start + 4, 'dns.flags.rcode', CODES[bits & 15]))
  const said: string[] = []
  let at = start + 12
  try {
    for (let i = 0; i < (counts[0] ?? 0); i += 1) {
      const name = nameAt(f, start, at)
      const type = TYPES[f.u16(name.to)] ?? `TYPE${f.u16(name.to)}`
      fields.push(field('Query', `${name.text} ${type}`, at, name.to + 4, 'dns.qry.name', name.text))
      said.push(`${type} ${name.text}`)
      at = name.to + 4
    }
    const records = counts.slice(1).reduce((sum, n) => sum + n, 0)
    for (let i = 0; i < records; i += 1) {
      const name = nameAt(f, start, at)
      const [type, length] = [f.u16(name.to), f.u16(name.to + 8)]
      const value = data(f, start, type, name.to + 10, length)
      const label = ['Answer', 'Authority', 'Additional'][
        i < (counts[1] ?? 0) ? 0 : i < (counts[1] ?? 0) + (counts[2] ?? 0) ? 1 : 2
      ]
      const key = type === 1 ? 'dns.a' : type === 28 ? 'dns.aaaa' : undefined
      const text = `${name.text} ${TYPES[type] ?? `TYPE${type}`} ${value}`
      fields.push(field(label ?? '', text, at, name.to + 10 + length, key, value))
      if (i < (counts[1] ?? 0)) said.push(`${TYPES[type] ?? type} ${value}`)
      at = name.to + 10 + length
    }
  } catch (error) {
    if (!(error instanceof Short)) throw error // cut off: what was read stands
  }
  const code = answer && bits & 15 ? ` (${CODES[bits & 15] ?? bits & 15})` : ''
  f.summary.info = `${answer ? 'Response' : 'Query'} ${hex(f.u16(start), 4)} ${said.join(' ')}${code}`.trim()
  f.layer(protocol, `Domain Name System (${answer ? 'response' : 'query'})`, start, f.end, fields)
}
