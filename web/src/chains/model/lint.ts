/** Faults of a rule that can be seen without asking the kernel, at the very word. The lab's own iptables has the last word. */

import { ALIASES, BASE, CTSTATES, PORTED } from './options'
import { type Parsed, type Part, parse, targetOf, textOf } from './parts'
import type { RuleScope } from './ruleScope'
import type { Word } from './words'

export type Fault =
  | 'openQuote'
  | 'stray'
  | 'noValue'
  | 'unknownOption'
  | 'needsProtocol'
  | 'port'
  | 'portOrder'
  | 'address'
  | 'family'
  | 'interfaceLong'
  | 'unknownTarget'
  | 'unknownMatch'
  | 'ctstate'
  | 'protocol'
  | 'noInput'
  | 'noOutput'
  | 'twice'

export interface Finding {
  fault: Fault
  word: string
  start: number
  end: number
}

const at = (fault: Fault, { text, start, end }: Pick<Word, 'text' | 'start' | 'end'>): Finding => ({
  fault,
  word: text,
  start,
  end,
})

/** The faults of a rule, first to last. */
export function lint(text: string, around: RuleScope): Finding[] {
  const parsed = parse(text, around.grammar?.arity)
  const found: Finding[] = []
  for (const word of parsed.words) if (word.open) found.push(at('openQuote', word))
  for (const word of parsed.stray) found.push(at('stray', word))
  for (const part of parsed.parts) {
    const fault = faultOf(part, parsed, around)
    if (fault) found.push(fault)
  }
  return found.sort((a, b) => a.start - b.start)
}

function faultOf(part: Part, parsed: Parsed, around: RuleScope): Finding | null {
  const unknown = unknownOption(part, around)
  if (unknown) return unknown
  if (missesValue(part, around)) return at('noValue', part.sign)
  const first = part.values[0]
  if (!first) return null
  if (/^(sport|dport)$/.test(part.option)) return portFault(part, first, parsed)
  if (part.home.kind === 'rule') return baseFault(part, first, parsed, around)
  if (part.option === 'ctstate')
    return first.text.split(',').every((s) => CTSTATES.includes(s.toUpperCase())) ? null : at('ctstate', first)
  return null
}

function unknownOption(part: Part, { grammar }: RuleScope): Finding | null {
  const { sign, home, option } = part
  if (option === 'sport' || option === 'dport') return null
  if (home.kind === 'rule') return Object.hasOwn(BASE, sign.text) ? null : at('unknownOption', sign)
  if (!grammar || Object.hasOwn(ALIASES, sign.text)) return null
  const owner = grammar.of(home)
  // A match that the lab does not have is said at its own name; a prefix of an option is as good as the option (getopt_long).
  if (!owner || (owner.options ?? []).length === 0) return null
  const known = owner.options?.some((o) => o.names.some((n) => n === sign.text || n.startsWith(sign.text)))
  return known ? null : at('unknownOption', sign)
}

function missesValue(part: Part, { grammar }: RuleScope): boolean {
  if (part.values.length > 0) return false
  const arity = (grammar?.arity ?? (() => undefined))(part.option, part.home)
  if (part.home.kind === 'rule') return !['fragment', 'ipv4', 'ipv6'].includes(part.option)
  return (arity ?? 0) > 0 || NEEDS_VALUE.test(part.option)
}
const NEEDS_VALUE = /^(sports?|dports?|ctstate|comment|to-destination|to-source|set-mark|limit)$/

function baseFault(part: Part, first: Word, parsed: Parsed, around: RuleScope): Finding | null {
  switch (part.option) {
    case 'protocol':
      // Other names are looked up in /etc/protocols of the lab.
      return /^([a-z][\w.-]*|\d+)$/i.test(first.text) ? null : at('protocol', first)
    case 'source':
    case 'destination':
      return addressFault(first, around)
    case 'in-interface':
      if (/^(OUTPUT|POSTROUTING)$/.test(around.chain)) return at('noInput', part.sign)
      return new TextEncoder().encode(first.text).length > 15 ? at('interfaceLong', first) : null
    case 'out-interface':
      if (/^(INPUT|PREROUTING)$/.test(around.chain)) return at('noOutput', part.sign)
      return new TextEncoder().encode(first.text).length > 15 ? at('interfaceLong', first) : null
    case 'match':
      return around.grammar && !around.grammar.match(first.text) && !PORTED.includes(first.text)
        ? at('unknownMatch', first)
        : null
    case 'jump':
    case 'goto':
      return targetFault(part, first, parsed, around)
    default:
      return null
  }
}

function targetFault(part: Part, first: Word, parsed: Parsed, { chains, grammar }: RuleScope): Finding | null {
  const target = targetOf(parsed)
  const again = parsed.parts.find((p) => p.home.kind === 'rule' && (p.option === 'jump' || p.option === 'goto'))
  if (target && again !== part) return at('twice', part.sign)
  if (chains.includes(first.text)) return null
  if (part.option === 'goto') return at('unknownTarget', first)
  if (/^(ACCEPT|DROP|RETURN|QUEUE)$/.test(first.text)) return null
  return grammar && !grammar.target(first.text) ? at('unknownTarget', first) : null
}

function portFault(part: Part, first: Word, parsed: Parsed): Finding | null {
  const protocol = textOf(parsed, 'protocol') ?? ''
  const named = parsed.parts.some((p) => p.option === 'match' && PORTED.includes(p.values[0]?.text ?? ''))
  const numbers: Readonly<Record<string, string>> = {
    '6': 'tcp',
    '17': 'udp',
    '33': 'dccp',
    '132': 'sctp',
    '136': 'udplite',
  }
  if (!named && !PORTED.includes(numbers[protocol] ?? protocol)) return at('needsProtocol', part.sign)
  const ends = first.text.split(':')
  const bad = ends.length > 2 || ends.some((e) => (/^\d+$/.test(e) ? Number(e) > 65535 : !/^([a-z][\w-]*)?$/i.test(e)))
  if (bad || first.text === ':') return at('port', first)
  const [low = '', high = ''] = ends
  return /^\d+$/.test(low) && /^\d+$/.test(high) && Number(low) > Number(high) ? at('portOrder', first) : null
}

/** Addresses may be several, with a mask, or a name that the lab resolves. */
function addressFault(word: Word, { family }: RuleScope): Finding | null {
  for (const one of word.text.split(',')) {
    const [host = '', mask] = one.split('/')
    const six = host.includes(':')
    const four = /^[\d.]+$/.test(host)
    if (six && family === 'ipv4') return at('family', word)
    if (four && host.includes('.') && family === 'ipv6') return at('family', word)
    if (four && !host.split('.').every((b) => b !== '' && Number(b) <= 255)) return at('address', word)
    if (host === '') return at('address', word)
    if (mask !== undefined && /^\d+$/.test(mask) && Number(mask) > (six ? 128 : 32)) return at('address', word)
    if (mask === '') return at('address', word)
  }
  return null
}
