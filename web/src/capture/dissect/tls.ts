import { type Frame, field, hex, numeric, Short } from './frame'
import type { Field } from './types'

const CONTENT: Readonly<Record<number, string>> = {
  20: 'Change cipher spec',
  21: 'Alert',
  22: 'Handshake',
  23: 'Application data',
}
const HANDSHAKE: Readonly<Record<number, string>> = {
  1: 'Client hello',
  2: 'Server hello',
  4: 'New session ticket',
  8: 'Encrypted extensions',
  11: 'Certificate',
  12: 'Server key exchange',
  13: 'Certificate request',
  14: 'Server hello done',
  15: 'Certificate verify',
  16: 'Client key exchange',
  20: 'Finished',
}
const VERSIONS: Readonly<Record<number, string>> = { 769: 'TLS 1.0', 770: 'TLS 1.1', 771: 'TLS 1.2', 772: 'TLS 1.3' }

/** The record layer, and of a hello what can be read (RFC 8446, sections 4.1 and 5.1). */
export function tls(f: Frame, at: number): void {
  const type = f.u8(at)
  const name = CONTENT[type]
  if (name === undefined || f.u8(at + 1) !== 3 || f.u8(at + 2) > 4) return
  const fields: Field[] = [
    numeric('Content type', type, at, at + 1, 'tls.record.content_type', name),
    field(
      'Record version',
      VERSIONS[f.u16(at + 1)] ?? hex(f.u16(at + 1), 4),
      at + 1,
      at + 3,
      'tls.record.version',
      f.u16(at + 1),
    ),
    numeric('Record length', f.u16(at + 3), at + 3, at + 5, 'tls.record.length'),
  ]
  f.summary.info = name
  try {
    if (type === 22) handshake(f, at + 5, fields)
  } catch (error) {
    if (!(error instanceof Short)) throw error // cut off, or encrypted: what was read stands
  }
  f.layer('tls', `Transport Layer Security, ${f.summary.info}`, at, f.end, fields)
}

function handshake(f: Frame, at: number, fields: Field[]): void {
  const type = f.u8(at)
  const name = HANDSHAKE[type]
  if (name === undefined) return
  fields.push(numeric('Handshake type', type, at, at + 1, 'tls.handshake.type', name))
  f.summary.info = name
  if (type !== 1 && type !== 2) return
  const version = f.u16(at + 4)
  fields.push(field('Version', VERSIONS[version] ?? hex(version, 4), at + 4, at + 6, 'tls.handshake.version', version))
  let next = at + 38 + 1 + f.u8(at + 38)
  if (type === 1) {
    const suites = f.u16(next)
    fields.push(field('Cipher suites', String(suites / 2), next, next + 2 + suites))
    next += 2 + suites
    next += 1 + f.u8(next)
  } else {
    fields.push(field('Cipher suite', hex(f.u16(next), 4), next, next + 2, 'tls.handshake.ciphersuite', f.u16(next)))
    next += 3
  }
  extensions(f, next + 2, Math.min(f.end, next + 2 + f.u16(next)), fields)
}

function extensions(f: Frame, from: number, to: number, fields: Field[]): void {
  let at = from
  while (at + 4 <= to) {
    const [type, length] = [f.u16(at), f.u16(at + 2)]
    if (type === 0 && length > 5) {
      const host = f.ascii(at + 9, at + 4 + length)
      fields.push(field('Server name', host, at, at + 4 + length, 'tls.handshake.extensions_server_name'))
      f.summary.info += ` (${host})`
    } else if (type === 16 && length > 3) {
      fields.push(
        field(
          'Application protocol',
          f.ascii(at + 7, at + 7 + f.u8(at + 6)),
          at,
          at + 4 + length,
          'tls.handshake.extensions_alpn_str',
        ),
      )
    }
    at += 4 + length
  }
}
