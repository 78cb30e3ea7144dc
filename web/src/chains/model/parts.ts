/** A rule's text taken apart, with nothing lost: each part knows its place in the text, and the text stays the truth. */

import { ALIASES, ARITY, BASE } from './options'
import { split, type Word } from './words'

/** Where an option belongs: to the rule itself, to a match (`-m NAME`), or to the target (`-j NAME`). */
export type Home = { kind: 'rule' } | { kind: 'match'; name: string; nth: number } | { kind: 'target'; name: string }

/** One option with its values. `option` is its long name without dashes; `start` is where its `!` stands, if it has one. */
export interface Part {
  option: string
  negated: boolean
  sign: Word
  values: readonly Word[]
  home: Home
  start: number
  end: number
}

export interface Parsed {
  text: string
  words: readonly Word[]
  parts: readonly Part[]
  /** Words that belong to no option. */
  stray: readonly Word[]
}

/** How many words follow an option; undefined if it is not known. */
export type Arity = (option: string, home: Home) => number | undefined

export const ownArity: Arity = (option, home) => {
  if (home.kind === 'target' && home.name === 'RATEEST') return 1
  if (home.kind === 'target' && home.name === 'SET' && option === 'map-set') return 2
  return ARITY[option]
}

/** Of the rule's own options all take one value, but these; none is taken from what looks like the next option. */
function baseArity(option: string, next: Word | undefined): number {
  return ARITY[option] ?? (next && !isOption(next) ? 1 : 0)
}

const RULE: Home = { kind: 'rule' }

/** The long name of an option word. `-pX` is `-p X` to getopt; it is left as a word of its own here. */
export function longName(word: string): string {
  return BASE[word] ?? ALIASES[word] ?? word.replace(/^--?/, '')
}

const isOption = (word: Word): boolean => !word.quoted && /^-(-?[a-zA-Z]|[46]$)/.test(word.text)

/** Take a rule apart. `arity` may know more options than this page does. */
export function parse(text: string, arity: Arity = ownArity): Parsed {
  const words = split(text)
  const parts: Part[] = []
  const stray: Word[] = []
  const seen = new Map<string, number>()
  let module: Home = RULE
  let target: Home = RULE
  let at = 0
  while (at < words.length) {
    const first = words[at] as Word
    const negated = first.text === '!' && !first.quoted
    const sign = negated ? words[at + 1] : first
    if (!sign || !isOption(sign)) {
      stray.push(first)
      at += 1
      continue
    }
    const option = longName(sign.text)
    const home = Object.hasOwn(BASE, sign.text) ? RULE : homeOf(parts, option, module, target)
    const from = at + (negated ? 2 : 1)
    const base = Object.hasOwn(BASE, sign.text)
    const to = from + valueCount(words, from, base ? baseArity(option, words[from]) : arity(option, home))
    const values = words.slice(from, to)
    const last = values.at(-1) ?? sign
    parts.push({ option, negated, sign, values, home, start: first.start, end: last.end })
    const name = values[0]?.text ?? ''
    if (option === 'match' && home === RULE) {
      const nth = seen.get(name) ?? 0
      seen.set(name, nth + 1)
      module = { kind: 'match', name, nth }
    }
    if ((option === 'jump' || option === 'goto') && home === RULE) {
      target = { kind: 'target', name }
      module = RULE
    }
    if (option === 'protocol' && module === RULE && target === RULE) module = { kind: 'match', name, nth: -1 }
    at = to
  }
  return { text, words, parts, stray }
}

/** After `-j` an option is the target's, else that of the newest match; a protocol's own match may be implied by `-p`. */
function homeOf(parts: readonly Part[], option: string, module: Home, target: Home): Home {
  if (target.kind === 'target' && module === RULE) return target
  const ports = /^(sport|dport|tcp-flags|syn|tcp-option|chunk-types|dccp-types)$/.test(option)
  if (!ports) return module
  const named = parts.findLast((p) => p.option === 'match' && PORT_MATCH.test(p.values[0]?.text ?? ''))
  const implied = parts.findLast((p) => p.option === 'protocol')
  const name = named?.values[0]?.text ?? implied?.values[0]?.text
  return name === undefined ? module : { kind: 'match', name, nth: named ? 0 : -1 }
}

const PORT_MATCH = /^(tcp|udp|udplite|sctp|dccp)$/

/** Exactly as many as are known to follow; else all until the next option. */
function valueCount(words: readonly Word[], from: number, known: number | undefined): number {
  if (known !== undefined) return Math.min(known, words.length - from)
  let count = 0
  while (from + count < words.length) {
    const word = words[from + count] as Word
    if (isOption(word) || (word.text === '!' && !word.quoted)) break
    count += 1
  }
  return count
}

/** The first part with this option. */
export const partOf = (parsed: Parsed, option: string, match?: string): Part | undefined =>
  parsed.parts.find(
    (p) => p.option === option && (match === undefined || (p.home.kind === 'match' && p.home.name === match)),
  )

/** The values of an option as one text, undefined where the rule does not have it. */
export const textOf = (parsed: Parsed, option: string, match?: string): string | undefined =>
  partOf(parsed, option, match)
    ?.values.map((w) => w.text)
    .join(' ')

/** The matches that a rule names, in order. */
export const matchesOf = (parsed: Parsed): string[] =>
  parsed.parts.filter((p) => p.option === 'match' && p.home.kind === 'rule').map((p) => p.values[0]?.text ?? '')

/** What a rule does with a packet: its target or the chain it goes to; null: it only counts. */
export function targetOf(parsed: Parsed): { how: 'jump' | 'goto'; name: string } | null {
  const part = parsed.parts.find((p) => (p.option === 'jump' || p.option === 'goto') && p.home.kind === 'rule')
  if (!part) return null
  return { how: part.option === 'goto' ? 'goto' : 'jump', name: part.values[0]?.text ?? '' }
}
