/** Display filters in the language of Wireshark: `tcp.port == 80 && !(ip.src == 10.0.0.0/8)`, `udp.port in {53, 1000..2000}`. What cannot
 * be said here exactly as Wireshark means it is refused. */

import type { Dissection } from '../dissect'
import { FIELDS, type FieldType, PROTOCOLS } from './fields'
import { type Comparable, comparable, hasOrder, pattern, type Wanted, wantedOf } from './values'
import { type Token, tokens } from './words'
import { FilterError } from './wrong'

export { FilterError, type Wrong } from './wrong'

/** What a filter sees: the frame's own facts beside what was dissected. */
export interface Filtered extends Pick<Dissection, 'layers'> {
  number: number
  length: number
  captured: number
  /** `ns/name` */
  interface: string
  /** Seconds since the first frame. */
  time: number
}

export type Filter = (frame: Filtered) => boolean

type Value = string | number

const OF_FRAME: Readonly<Record<string, (frame: Filtered) => Value>> = {
  'frame.number': (f) => f.number,
  'frame.len': (f) => f.length,
  'frame.cap_len': (f) => f.captured,
  'frame.interface_name': (f) => f.interface,
  'frame.time_relative': (f) => f.time,
}

/** All values of a field in a frame (`ip.addr` has two). */
function values(frame: Filtered, key: string): Value[] {
  const own = OF_FRAME[key]
  if (own) return [own(frame)]
  return frame.layers.flatMap((layer) =>
    layer.fields.flatMap((field) => (field.key === key && field.value !== undefined ? [field.value] : [])),
  )
}

type Compare = (value: Comparable, wanted: Wanted) => boolean

const ORDER: Readonly<Record<string, Compare>> = {
  '<': (value, { low }) => value < low,
  '>': (value, { high }) => value > high,
  '<=': (value, { high }) => value <= high,
  '>=': (value, { low }) => value >= low,
}
const WORDS: Readonly<Record<string, string>> = {
  eq: '==',
  ne: '!=',
  gt: '>',
  lt: '<',
  ge: '>=',
  le: '<=',
  '~': 'matches',
}
const is: Compare = (value, { low, high }) => value >= low && value <= high

interface Field {
  key: string
  type: FieldType
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

  private next(what: 'subject' | 'value'): Token {
    const token = this.now
    if (token.kind === 'end' || token.kind === 'sign') throw new FilterError('missing', what, token.at)
    this.at += 1
    return token
  }

  whole(): Filter {
    const filter = this.either()
    if (this.now.kind !== 'end') throw new FilterError('unexpected', this.now.text, this.now.at)
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
      if (!this.take(')')) throw new FilterError('missing', ')', this.now.at)
      return inner
    }
    return this.relation(this.next('subject'))
  }

  private relation(subject: Token): Filter {
    const key = subject.text
    const type = subject.kind === 'word' ? FIELDS.get(key) : undefined
    if (type) return this.compared({ key, type })
    if (subject.kind !== 'word' || !PROTOCOLS.has(key)) throw unknown(subject)
    if (this.operator() !== '') throw new FilterError('operator', this.now.text, this.now.at)
    return key === 'frame' ? () => true : (f) => f.layers.some((layer) => layer.protocol === key)
  }

  /** The operator that comes now, in signs; empty: none. */
  private operator(): string {
    const { kind, text } = this.now
    const known = ['==', '!=', 'in', 'contains', 'matches', ...Object.keys(ORDER)]
    const sign = WORDS[text] ?? text
    return kind !== 'text' && known.includes(sign) ? sign : ''
  }

  private compared(field: Field): Filter {
    const { key, type } = field
    const [sign, at] = [this.operator(), this.now]
    if (sign === '') return (f) => values(f, key).length > 0
    this.at += 1
    if (sign === 'in') return this.oneOf(field)
    if (sign === 'contains' || sign === 'matches') return this.textual(field, sign, at)
    const compare = ORDER[sign]
    if (compare && !hasOrder(type)) throw new FilterError('operator', at.text, at.at)
    const from = this.now
    const wanted = this.value(field)
    if (compare && wanted.low !== wanted.high) throw new FilterError('value', from.text, from.at, key)
    if (sign !== '!=') return (f) => values(f, key).some((v) => (compare ?? is)(comparable(v, type), wanted))
    // since Wireshark 4.0: no value of the field may be it
    return (f) => {
      const found = values(f, key)
      return found.length > 0 && !found.some((v) => is(comparable(v, type), wanted))
    }
  }

  private value({ key, type }: Field): Wanted {
    const token = this.next('value')
    const found =
      token.kind === 'text'
        ? type.type === 'text'
          ? { low: token.text, high: token.text }
          : null
        : wantedOf(token.text, type)
    if (found === null) throw new FilterError('value', token.text, token.at, key)
    return found
  }

  private textual({ key, type }: Field, sign: string, at: Token): Filter {
    if (type.type !== 'text') throw new FilterError('operator', at.text, at.at)
    const token = this.next('value')
    if (token.kind !== 'text' || token.text === '') throw new FilterError('value', token.text, token.at, key)
    if (sign === 'contains') return (f) => values(f, key).some((v) => String(v).includes(token.text))
    const wanted = pattern(token.text)
    if (!wanted) throw new FilterError('pattern', token.text, token.at)
    return (f) => values(f, key).some((v) => wanted.test(String(v)))
  }

  private oneOf(field: Field): Filter {
    if (!this.take('{')) throw new FilterError('missing', '{', this.now.at)
    const wanted: Wanted[] = []
    do wanted.push(this.member(field))
    while (this.take(','))
    if (!this.take('}')) throw new FilterError('missing', '}', this.now.at)
    return (f) => values(f, field.key).some((v) => wanted.some((w) => is(comparable(v, field.type), w)))
  }

  /** A value of a set, or an interval. */
  private member(field: Field): Wanted {
    const { kind, text, at } = this.now
    const [low, high, ...rest] = kind === 'word' ? text.split('..') : []
    if (high === undefined) return this.value(field)
    this.at += 1
    const ends = [wantedOf(low ?? '', field.type), wantedOf(high, field.type)] as const
    const [from, to] = [ends[0]?.low, ends[1]?.high]
    if (from === undefined || to === undefined || rest.length > 0 || !hasOrder(field.type) || from > to) {
      throw new FilterError('value', text, at, field.key)
    }
    return { low: from, high: to }
  }
}

/** A word that is neither a field nor a protocol; of HTTP and TLS the reason is said. */
function unknown({ text, at, kind }: Token): FilterError {
  const spanning = kind === 'word' && /^(?:http|tls)(?:\.|$)/.test(text)
  return new FilterError(spanning ? 'reassembled' : 'unknown', text, at)
}

/** The filter of this text; nothing passes everything. Raises FilterError. */
export function parseFilter(source: string): Filter {
  return source.trim() === '' ? () => true : new Parser(source).whole()
}
