/** Values of a display filter: what may be written for a field of a type, and how it compares. As Wireshark takes them, or refused. */

import type { FieldType } from './fields'

/** A value that was written: one, an interval (`1..10`, both ends included), or all addresses of a prefix. */
export type Wanted = { low: Comparable; high: Comparable }
export type Comparable = number | bigint | string

const OCTET = /^(?:0|[1-9]\d{0,2})$/

/** The number of an IPv4 address in four decimal parts; null: it is none. */
export function ipv4Of(text: string): bigint | null {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((p) => OCTET.test(p) && Number(p) < 256)) return null
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
}

/** The number of an IPv6 address in any form of RFC 4291; null: it is none. */
export function ipv6Of(text: string): bigint | null {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const four = dotted ? ipv4Of(dotted[2] ?? '') : null
  if (dotted && four === null) return null
  const plain = dotted
    ? `${dotted[1]}${((four ?? 0n) >> 16n).toString(16)}:${((four ?? 0n) & 0xffffn).toString(16)}`
    : text
  const halves = plain.split('::')
  const [left = [], right = []] = halves.map((half) => (half ? half.split(':') : []))
  const zeros = 8 - left.length - right.length
  if (halves.length > 2 || (halves.length === 2 ? zeros < 1 : zeros !== 0)) return null
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right]
  return groups.every((g) => /^[0-9a-f]{1,4}$/i.test(g))
    ? groups.reduce((sum, g) => (sum << 16n) | BigInt(`0x${g}`), 0n)
    : null
}

function prefix(text: string, address: (text: string) => bigint | null, width: number): Wanted | null {
  const [network = '', length, ...rest] = text.split('/')
  const number = address(network)
  if (number === null || rest.length > 0) return null
  if (length === undefined) return { low: number, high: number }
  if (!/^\d{1,3}$/.test(length) || Number(length) > width) return null
  const span = (1n << BigInt(width - Number(length))) - 1n
  return { low: number & ~span, high: number | span }
}

/** Decimal, hexadecimal (`0x1f`) or octal (`017`), as strtoul(3) reads it. */
function whole(text: string): number | null {
  if (/^0x[0-9a-f]{1,8}$/i.test(text) || /^(?:0|[1-9]\d{0,9})$/.test(text)) return Number(text)
  return /^0[0-7]{1,10}$/.test(text) ? Number.parseInt(text, 8) : null
}

function mac(text: string): string | null {
  const separator = text.includes('-') ? '-' : ':'
  const parts = text.split(separator)
  return parts.length === 6 && parts.every((p) => /^[0-9a-f]{2}$/i.test(p)) ? parts.join(':').toLowerCase() : null
}

const just = <T extends Comparable>(value: T | null): Wanted | null =>
  value === null ? null : { low: value, high: value }

/** What an unquoted word means for a field; null: it is no value of that field. */
export function wantedOf(text: string, { type, bits }: FieldType): Wanted | null {
  switch (type) {
    case 'number': {
      const number = whole(text)
      return number !== null && number < 2 ** bits ? just(number) : null
    }
    case 'flag':
      return /^(?:1|True|TRUE)$/.test(text) ? just(1) : /^(?:0|False|FALSE)$/.test(text) ? just(0) : null
    case 'seconds':
      return /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? just(Number(text)) : null
    case 'ipv4':
      return prefix(text, ipv4Of, 32)
    case 'ipv6':
      return prefix(text, ipv6Of, 128)
    case 'mac':
      return just(mac(text))
    case 'text':
      return null
  }
}

/** A field's value in a frame, as `wantedOf` gives those that are written. */
export function comparable(value: string | number, { type }: FieldType): Comparable {
  if (type === 'ipv4') return ipv4Of(String(value)) ?? 0n
  return type === 'ipv6' ? (ipv6Of(String(value)) ?? 0n) : value
}

/** Types whose values have an order. */
export const hasOrder = ({ type }: FieldType): boolean => ['number', 'seconds', 'ipv4', 'ipv6'].includes(type)

const SAFE = /^(?:[\w \-/:,=@%<>&;#!~'"]|[.^$|()]|[*+?](?![*+?])|\[[\w.\-/: ]+\])*$/

/** A pattern that PCRE2 and JavaScript read alike; null: it has something that they may not. */
export function pattern(text: string): RegExp | null {
  if (!SAFE.test(text) || text.includes('(?') || text.includes('(*')) return null
  try {
    return new RegExp(text, 'i')
  } catch {
    return null
  }
}
