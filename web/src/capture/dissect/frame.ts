import type { Field, Flow, Fragment, Layer, Origin, Summary } from './types'

/** Raised where the bytes end before the header does; the frame's own layers up to there stand. */
export class Short extends Error {}

const HEX = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'))

/** A frame being dissected: its bytes, and the layers found so far. */
export class Frame {
  readonly bytes: Uint8Array
  readonly layers: Layer[] = []
  readonly summary: Summary = { source: '', destination: '', protocol: '', info: '' }
  flow: Flow | null = null
  fragment: Fragment | null = null
  /** A packet inside this one (a tunnel's, or the one that an ICMP error is about), to be taken apart too. */
  inside: { at: number; kind: 'ethernet' | 'ipv4' | 'ipv6' } | null = null
  /** Where what the headers so far promise ends: padding after an IP packet is not its payload. */
  end: number

  /** Of TCP's numbers in the list; null: they are shown as they are on the wire. */
  readonly origin: Origin | null

  /** It is a packet that an ICMP error is about. */
  readonly quoted: boolean

  constructor(bytes: Uint8Array, origin: Origin | null, quoted = false) {
    this.quoted = quoted
    this.bytes = bytes
    this.origin = origin
    this.end = bytes.length
  }

  u8(at: number): number {
    const value = this.bytes[at]
    if (value === undefined) throw new Short()
    return value
  }

  u16(at: number): number {
    return (this.u8(at) << 8) | this.u8(at + 1)
  }

  u24(at: number): number {
    return (this.u8(at) << 16) | this.u16(at + 1)
  }

  u32(at: number): number {
    return this.u16(at) * 0x10000 + this.u16(at + 2)
  }

  hex(from: number, to: number, between = ''): string {
    if (to > this.bytes.length) throw new Short()
    return Array.from(this.bytes.subarray(from, to), (b) => HEX[b]).join(between)
  }

  mac(at: number): string {
    return this.hex(at, at + 6, ':')
  }

  ipv4(at: number): string {
    return [0, 1, 2, 3].map((i) => this.u8(at + i)).join('.')
  }

  /** RFC 5952: lower case, the longest run of zero groups (two at least) as `::`. */
  ipv6(at: number): string {
    const groups = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => this.u16(at + 2 * i))
    let best = { from: 0, length: 1 }
    for (let i = 0; i < 8; i += 1) {
      let length = 0
      while (i + length < 8 && groups[i + length] === 0) length += 1
      if (length > best.length) best = { from: i, length }
    }
    const text = (part: number[]): string => part.map((g) => g.toString(16)).join(':')
    if (best.length < 2) return text(groups)
    return `${text(groups.slice(0, best.from))}::${text(groups.slice(best.from + best.length))}`
  }

  /** Latin-1, control characters as dots. */
  ascii(from: number, to: number): string {
    return Array.from(this.bytes.subarray(from, to), (b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : '.')).join(
      '',
    )
  }

  layer(protocol: string, title: string, from: number, to: number, fields: readonly Field[]): void {
    this.layers.push({ protocol, title, from, to, fields })
    this.summary.protocol = protocol.toUpperCase()
  }
}

/** A field with a key for filters. */
export function field(
  label: string,
  text: string,
  from: number,
  to: number,
  key?: string,
  value: string | number | undefined = key === undefined ? undefined : text,
): Field {
  return { label, text, from, to, key, value }
}

/** A number's field: shown with its name where it has one. */
export function numeric(label: string, value: number, from: number, to: number, key?: string, name?: string): Field {
  return field(label, name === undefined ? String(value) : `${name} (${value})`, from, to, key, value)
}

export const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`

/** The names of the bits that are set. */
export function flags(value: number, names: readonly (readonly [bit: number, name: string])[]): string {
  return names
    .filter(([bit]) => value & bit)
    .map(([, name]) => name)
    .join(', ')
}
