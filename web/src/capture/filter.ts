/** Display filters in the language of Wireshark: `tcp.port == 80 && !(ip.src == 10.0.0.0/8)`, `arp or icmp`, `http.host contains "example"`. */

import type { Dissection } from './dissect'

/** What a filter sees: the frame's own facts beside what was dissected. */
export interface Filtered extends Pick<Dissection, 'layers'> {
  number: number
  length: number
  /** `ns/name` */
  interface: string
  /** Seconds since the first frame. */
  time: number
}

export type Filter = (frame: Filtered) => boolean

/** A filter that is none; `at` is the offset of the word that is wrong. */
export class FilterError extends Error {
  readonly at: number
  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

interface Token {
  text: string
  at: number
  kind: 'word' | 'text' | 'sign' | 'end'
}

const TOKEN = /\s*(?:"((?:[^"\\]|\\.)*)"|(&&|\|\||==|!=|<=|>=|[()<>!{},~])|([^\s()<>!=&|{},~"]+))/y

function tokens(source: string): Token[] {
  const out: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const from = TOKEN.lastIndex
    const found = TOKEN.exec(source)
    if (!found) {
      const rest = source.slice(from)
      if (rest.trim() === '') break
      throw new FilterError(`unexpected ${rest.trim()[0]}`, from + rest.search(/\S/))
    }
    const at = TOKEN.lastIndex - found[0].trimStart().length
    const [, quoted, sign, word] = found
    if (quoted !== undefined) out.push({ text: quoted.replace(/\\(.)/g, '$1'), at, kind: 'text' })
    else out.push({ text: sign ?? word ?? '', at, kind: sign ? 'sign' : 'word' })
  }
  out.push({ text: '', at: source.length, kind: 'end' })
  return out
}

type Value = string | number

/** All values of a field (`ip.addr` has two), or undefined where no layer or field is called so. */
function values(frame: Filtered, key: string): Value[] {
  switch (key) {
    case 'frame.number':
      return [frame.number]
    case 'frame.len':
      return [frame.length]
    case 'frame.interface':
      return [frame.interface]
    case 'frame.time_relative':
      return [frame.time]
  }
  const out: Value[] = []
  for (const layer of frame.layers) {
    for (const field of layer.fields) if (field.key === key && field.value !== undefined) out.push(field.value)
  }
  return out
}

/** `http.request` is there where `http.request.method` is. */
const within = (key: string | undefined, wanted: string): boolean =>
  key !== undefined && (key === wanted || key.startsWith(`${wanted}.`))

function address(text: string): bigint | null {
  const four = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  if (four) return four.slice(1).reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
  if (!/^[0-9a-f:]+$/i.test(text) || !text.includes(':')) return null
  const [left = '', right] = text.split('::')
  const groups = (part: string): string[] => (part ? part.split(':') : [])
  const [a, b] = [groups(left), groups(right ?? '')]
  const zeros = right === undefined ? 0 : 8 - a.length - b.length
  return [...a, ...Array<string>(Math.max(0, zeros)).fill('0'), ...b].reduce(
    (sum, g) => (sum << 16n) | BigInt(`0x${g}`),
    0n,
  )
}

/** Whether an address is in a prefix (`10.0.0.0/8`). */
function inside(value: string, prefix: string): boolean {
  const [network = '', length = ''] = prefix.split('/')
  const [a, b] = [address(value), address(network)]
  if (a === null || b === null || value.includes(':') !== network.includes(':')) return false
  const bits = BigInt((value.includes(':') ? 128 : 32) - Number(length))
  return a >> bits === b >> bits
}

function equal(value: Value, wanted: string): boolean {
  if (typeof value === 'number') return value === Number(wanted)
  if (/\/\d+$/.test(wanted) && address(wanted.split('/')[0] ?? '') !== null) return inside(value, wanted)
  return value.toLowerCase() === wanted.toLowerCase()
}

const COMPARE: Readonly<Record<string, (value: Value, wanted: string) => boolean>> = {
  '==': equal,
  eq: equal,
  '<': (value, wanted) => Number(value) < Number(wanted),
  lt: (value, wanted) => Number(value) < Number(wanted),
  '>': (value, wanted) => Number(value) > Number(wanted),
  gt: (value, wanted) => Number(value) > Number(wanted),
  '<=': (value, wanted) => Number(value) <= Number(wanted),
  le: (value, wanted) => Number(value) <= Number(wanted),
  '>=': (value, wanted) => Number(value) >= Number(wanted),
  ge: (value, wanted) => Number(value) >= Number(wanted),
  contains: (value, wanted) => String(value).toLowerCase().includes(wanted.toLowerCase()),
}

class Parser {
  private readonly list: Token[]
  private at = 0

  constructor(source: string) {
    this.list = tokens(source)
  }

  private get now(): Token {
    return this.list[this.at] ?? { text: '', at: 0, kind: 'end' }
  }

  private take(...texts: string[]): boolean {
    if (this.now.kind === 'text' || !texts.includes(this.now.text)) return false
    this.at += 1
    return true
  }

  private next(what: string): Token {
    const token = this.now
    if (token.kind === 'end' || token.kind === 'sign') throw new FilterError(`${what} is missing`, token.at)
    this.at += 1
    return token
  }

  whole(): Filter {
    const filter = this.either()
    if (this.now.kind !== 'end') throw new FilterError(`unexpected ${this.now.text}`, this.now.at)
    return filter
  }

  private either(): Filter {
    let left = this.both()
    while (this.take('||', 'or')) {
      const [a, b] = [left, this.both()]
      left = (f) => a(f) || b(f)
    }
    return left
  }

  private both(): Filter {
    let left = this.single()
    while (this.take('&&', 'and')) {
      const [a, b] = [left, this.single()]
      left = (f) => a(f) && b(f)
    }
    return left
  }

  private single(): Filter {
    if (this.take('!', 'not')) {
      const inner = this.single()
      return (f) => !inner(f)
    }
    if (this.take('(')) {
      const inner = this.either()
      if (!this.take(')')) throw new FilterError(') is missing', this.now.at)
      return inner
    }
    return this.relation(this.next('a protocol or a field').text.toLowerCase())
  }

  private relation(key: string): Filter {
    const operator = this.now.kind === 'text' ? '' : this.now.text
    const compare = COMPARE[operator]
    if (compare) {
      this.at += 1
      const wanted = this.next('a value').text
      return (f) => values(f, key).some((v) => compare(v, wanted))
    }
    // as in Wireshark: no value of the field may be it
    if (this.take('!=', 'ne')) {
      const wanted = this.next('a value').text
      return (f) => {
        const found = values(f, key)
        return found.length > 0 && !found.some((v) => equal(v, wanted))
      }
    }
    if (this.take('~', 'matches')) {
      const token = this.next('a regular expression')
      const pattern = regular(token)
      return (f) => values(f, key).some((v) => pattern.test(String(v)))
    }
    if (this.take('in')) return this.oneOf(key)
    return (f) => f.layers.some((layer) => layer.protocol === key || layer.fields.some((x) => within(x.key, key)))
  }

  private oneOf(key: string): Filter {
    if (!this.take('{')) throw new FilterError('{ is missing', this.now.at)
    const wanted: string[] = []
    while (!this.take('}')) {
      wanted.push(this.next('} or a value').text)
      this.take(',')
    }
    return (f) => values(f, key).some((v) => wanted.some((w) => equal(v, w)))
  }
}

function regular(token: Token): RegExp {
  try {
    return new RegExp(token.text, 'i')
  } catch {
    throw new FilterError('this is no regular expression', token.at)
  }
}

/** The filter of this text; nothing passes everything. Raises FilterError. */
export function parseFilter(source: string): Filter {
  return source.trim() === '' ? () => true : new Parser(source).whole()
}
