/** Changes of a rule's text, made where they are wanted: every other word stays as it was typed. */

import { HOME, PORTED, SHORT } from './options'
import { type Parsed, type Part, parse, partOf, textOf } from './parts'
import { quote } from './words'

/** What an option is to become; null takes it out. A `text` with several words is several values. */
export interface Wanted {
  negated?: boolean
  values: readonly string[]
}

/** The order in which `iptables-save` writes what belongs to no match. */
const ORDER = ['source', 'destination', 'in-interface', 'out-interface', 'protocol', 'fragment']

/** `text` with this option of the rule itself (`source`, `protocol`, `jump`, …) so. */
export function setBase(text: string, option: string, wanted: Wanted | null): string {
  if (option === 'protocol') return setProtocol(text, wanted)
  return put(text, option, wanted)
}

function put(text: string, option: string, wanted: Wanted | null): string {
  const parsed = parse(text)
  const part = parsed.parts.find((p) => p.option === option && p.home.kind === 'rule')
  if (wanted === null) return part ? cut(text, part.start, part.end) : text
  const sign = part?.sign.text ?? SHORT[option] ?? `--${option}`
  const words = write(sign, wanted)
  return part ? replace(text, part, words) : insert(text, baseSlot(parsed, option), words)
}

/** Where a new option of the rule goes: behind those that come before it in `iptables-save`. */
function baseSlot(parsed: Parsed, option: string): number {
  const rank = ORDER.indexOf(option)
  const own = parsed.parts.filter((p) => p.home.kind === 'rule')
  if (rank < 0) return parsed.text.length
  const before = own.filter((p) => ORDER.indexOf(p.option) >= 0 && ORDER.indexOf(p.option) < rank)
  return before.at(-1)?.end ?? 0
}

/** A new protocol takes its ports along where it has ports, and drops what only the old one had. */
function setProtocol(text: string, wanted: Wanted | null): string {
  const old = textOf(parse(text), 'protocol') ?? ''
  const next = wanted && !wanted.negated ? (wanted.values[0] ?? '') : ''
  if (old === next) return put(text, 'protocol', wanted)
  let out = text
  if (PORTED.includes(old))
    out = PORTED.includes(next) ? carryPorts(out, old, next) : dropMatch(dropMatch(out, old), 'multiport')
  for (const [name, protocols] of Object.entries(ICMP)) {
    if (protocols.includes(old) && !protocols.includes(next)) out = dropMatch(dropMatch(out, name), old)
  }
  return put(out, 'protocol', wanted)
}

function carryPorts(text: string, old: string, next: string): string {
  let out = text
  for (const part of parse(text).parts.toReversed()) {
    const named = part.option === 'match' && part.home.kind === 'rule' && part.values[0]?.text === old
    const own = part.home.kind === 'match' && part.home.name === old
    if (named) out = replace(out, part, write(part.sign.text, { values: [next] }))
    else if (own && part.option !== 'sport' && part.option !== 'dport') out = cut(out, part.start, part.end)
  }
  return out
}

const ICMP: Readonly<Record<string, readonly string[]>> = {
  icmp: ['icmp', '1'],
  icmp6: ['ipv6-icmp', 'icmpv6', '58'],
}

/** `text` with this option of a match so; the match itself comes and goes with its options. `home`: the match's name. */
export function setMatch(text: string, home: string, option: string, wanted: Wanted | null): string {
  const parsed = parse(text)
  const part = partOf(parsed, option, home)
  if (wanted === null) {
    if (!part) return text
    const out = cut(text, part.start, part.end)
    return optionsOf(parse(out), home).length === 0 ? dropMatch(out, home) : out
  }
  const words = write(part?.sign.text ?? `--${option}`, wanted)
  if (part) return replace(text, part, words)
  const own = optionsOf(parsed, home).at(-1) ?? namedMatch(parsed, home)
  if (own) return insert(text, own.end, words)
  return insert(text, beforeTarget(parsed), `-m ${quote(home)} ${words}`)
}

/** The match that a field of the form stands for: its own, or the protocol's. */
export const homeOf = (option: string, protocol: string): string => HOME[option] ?? protocol

/** Ports: one or a range is the protocol's own match's, a list is multiport's. null: any port. */
export function setPorts(
  text: string,
  which: 'sport' | 'dport',
  wanted: { negated?: boolean; ports: string } | null,
): string {
  const protocol = textOf(parse(text), 'protocol') ?? ''
  const many = `${which}s`
  const ports = wanted?.ports.replaceAll(/\s/g, '') ?? ''
  if (ports.includes(',')) {
    const cleared = setMatch(text, protocol, which, null)
    return setMatch(cleared, 'multiport', many, { values: [ports], negated: wanted?.negated ?? false })
  }
  const cleared = setMatch(text, 'multiport', many, null)
  return setMatch(cleared, protocol, which, wanted && { values: [ports], negated: wanted.negated ?? false })
}

/** The target; null: only count. What belongs to the old target goes with it. */
export function setTarget(text: string, target: { how: 'jump' | 'goto'; name: string } | null): string {
  const parsed = parse(text)
  const part = parsed.parts.find((p) => (p.option === 'jump' || p.option === 'goto') && p.home.kind === 'rule')
  if (part && part.values[0]?.text === target?.name && part.option === target?.how) return text
  let out = text
  for (const old of parsed.parts.toReversed()) if (old.home.kind === 'target') out = cut(out, old.start, old.end)
  if (part) out = cut(out, part.start, part.end)
  if (target === null) return out
  return insert(out, out.length, `${target.how === 'goto' ? '-g' : '-j'} ${quote(target.name)}`)
}

/** An option of the target. */
export function setTargetOption(text: string, option: string, wanted: Wanted | null): string {
  const parsed = parse(text)
  const part = parsed.parts.find((p) => p.home.kind === 'target' && p.option === option)
  if (wanted === null) return part ? cut(text, part.start, part.end) : text
  const words = write(part?.sign.text ?? `--${option}`, wanted)
  return part ? replace(text, part, words) : insert(text, text.trimEnd().length, words)
}

/** Name a match without options yet. */
export function addMatch(text: string, name: string): string {
  const parsed = parse(text)
  return insert(text, beforeTarget(parsed), `-m ${quote(name)}`)
}

/** Take a match out with all its options. */
export function dropMatch(text: string, name: string): string {
  let out = text
  for (const part of parse(text).parts.toReversed()) {
    if (part.home.kind === 'match' && part.home.name === name) out = cut(out, part.start, part.end)
    else if (part.option === 'match' && part.home.kind === 'rule' && part.values[0]?.text === name) {
      out = cut(out, part.start, part.end)
    }
  }
  return out
}

const optionsOf = (parsed: Parsed, home: string): Part[] =>
  parsed.parts.filter((p) => p.home.kind === 'match' && p.home.name === home)

const namedMatch = (parsed: Parsed, home: string): Part | undefined =>
  parsed.parts.find((p) => p.option === 'match' && p.home.kind === 'rule' && p.values[0]?.text === home)

function beforeTarget(parsed: Parsed): number {
  const target = parsed.parts.find((p) => (p.option === 'jump' || p.option === 'goto') && p.home.kind === 'rule')
  return target?.start ?? parsed.text.length
}

function write(sign: string, { negated, values }: Wanted): string {
  return [negated ? '!' : '', sign, ...values.map(quote)].filter(Boolean).join(' ')
}

const replace = (text: string, part: Part, words: string): string =>
  text.slice(0, part.start) + words + text.slice(part.end)

/** Put words at a place, with one blank to each neighbour. */
function insert(text: string, at: number, words: string): string {
  const before = text.slice(0, at)
  const after = text.slice(at)
  const left = before === '' || /\s$/.test(before) ? '' : ' '
  const right = after === '' || /^\s/.test(after) ? '' : ' '
  return before + left + words + right + after
}

/** Take a piece out, with the blanks at one of its sides. */
function cut(text: string, start: number, end: number): string {
  const before = text.slice(0, start)
  const after = text.slice(end)
  if (before.trim() === '') return after.trimStart()
  if (after.trim() === '') return before.trimEnd()
  return before.trimEnd() + (/^\s/.test(after) ? after : ` ${after}`)
}
