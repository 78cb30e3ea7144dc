/** What can follow at the caret. */

import { optionName } from './grammar'
import { CTSTATES, PORTED, PROTOCOLS, SHORT, TCP_FLAGS, VERDICTS } from './options'
import { type Home, type Part, parse } from './parts'
import type { RuleScope } from './ruleScope'

/** `text` replaces the characters from `start` to `end`. `group` says what it is, as the key of a text; `help` may be empty. */
export interface Suggestion {
  text: string
  start: number
  end: number
  group: 'option' | 'match' | 'target' | 'chain' | 'interface' | 'state' | 'protocol' | 'flag' | 'value'
  help: string
}

type Offer = Omit<Suggestion, 'start' | 'end'>

/** At most this many are worth showing. */
const MOST = 60

/** Suggestions for the word that the caret stands in, or for a new one. */
export function complete(text: string, caret: number, around: RuleScope): Suggestion[] {
  const parsed = parse(text, around.grammar?.arity)
  const word = parsed.words.find((w) => w.start <= caret && caret <= w.end && w.end > w.start)
  const start = word?.start ?? caret
  const end = word?.end ?? caret
  const typed = text.slice(start, caret)
  const part = parsed.parts.find((p) => p.values.some((v) => v === word))
  const before = parsed.parts.findLast((p) => p.end <= start && (p !== part || !word))
  const open = part ?? (word === undefined || !typed.startsWith('-') ? awaits(before, around) : undefined)
  const offers = open ? valuesOf(open, around) : optionsAfter(before, around)
  // In a list (`NEW,EST`) only what stands behind the last comma is completed.
  const comma = open && LISTS.has(open.option) ? typed.lastIndexOf(',') + 1 : 0
  const part_ = typed.slice(comma).toLowerCase()
  const fitting = offers.filter((o) => o.text.toLowerCase().startsWith(part_) && o.text !== typed.slice(comma))
  return fitting
    .slice(0, MOST)
    .map((o) => ({ ...o, start: start + comma, end: comma > 0 ? Math.max(caret, start + comma) : end }))
}

const LISTS: ReadonlySet<string> = new Set(['ctstate', 'state', 'tcp-flags'])

/** The option just before, where it still wants a value. */
function awaits(before: Part | undefined, around: RuleScope): Part | undefined {
  if (!before) return undefined
  const arity = around.grammar?.arity(before.option, before.home) ?? (VALUED.has(before.option) ? 1 : undefined)
  const wants = before.option === 'tcp-flags' ? 2 : (arity ?? (before.home.kind === 'rule' ? 1 : 0))
  return before.values.length < wants ? before : undefined
}

const VALUED: ReadonlySet<string> = new Set([
  'protocol', 'source', 'destination', 'in-interface', 'out-interface', 'match', 'jump', 'goto', 'ctstate', 'state', 'dport', 'sport',
]) // biome-ignore format: one list

function valuesOf(part: Part, around: RuleScope): Offer[] {
  const { grammar, chains, interfaces, table, chain } = around
  const offer = (group: Offer['group'], names: readonly string[]): Offer[] =>
    names.map((text) => ({ text, group, help: '' }))
  switch (part.option) {
    case 'protocol':
      return offer('protocol', PROTOCOLS)
    case 'in-interface':
    case 'out-interface':
      return offer('interface', interfaces)
    case 'match':
      return (grammar?.allMatches ?? []).map((m) => ({ text: m.name, group: 'match', help: m.summary ?? '' }))
    case 'goto':
      return offer('chain', chains)
    case 'jump': {
      const known = (grammar?.targetsFor(table, chain) ?? []).map(
        (m): Offer => ({ text: m.name, group: 'target', help: m.summary ?? '' }),
      )
      const verdicts = VERDICTS.filter((v) => !known.some((k) => k.text === v))
      return [...offer('target', verdicts), ...offer('chain', chains), ...known]
    }
    case 'ctstate':
    case 'state':
      return offer('state', CTSTATES)
    case 'tcp-flags':
      return offer('flag', [...TCP_FLAGS, 'ALL', 'NONE'])
    default:
      return offer('value', grammar?.option(part.home, part.option)?.choices ?? [])
  }
}

/** Options that can come next: those of the newest match or target first, then the rule's own. */
function optionsAfter(before: Part | undefined, { grammar }: RuleScope): Offer[] {
  const home: Home = homeAfter(before)
  const owner = home.kind === 'rule' ? undefined : grammar?.of(home)
  const own = (owner?.options ?? []).map(
    (o): Offer => ({ text: `--${optionName(o)}`, group: 'option', help: o.help ?? '' }),
  )
  const plain = home.kind === 'match' && own.length === 0 && PORTED.includes(home.name) ? ['--dport', '--sport'] : []
  const base = Object.values(SHORT)
  return [
    ...own,
    ...plain.map((text): Offer => ({ text, group: 'option', help: '' })),
    ...base.map((text): Offer => ({ text, group: 'option', help: '' })),
  ]
}

function homeAfter(before: Part | undefined): Home {
  if (!before) return { kind: 'rule' }
  const name = before.values[0]?.text ?? ''
  if (before.home.kind !== 'rule') return before.home
  if (before.option === 'match' || before.option === 'protocol') return { kind: 'match', name, nth: 0 }
  if (before.option === 'jump') return { kind: 'target', name }
  return before.home
}
