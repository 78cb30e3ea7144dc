/** Edits of rules as commands. Pure. Rule numbers are those at the time when each command is executed. */

import type { AnyCommand, Family, MoveRule, Table } from '@/protocol'
import type { ChainView } from './digest'

interface Where {
  namespace: string
  family: Family
  table: Table
}

const whereOf = (namespace: string, { family, table }: { family: Family; table: Table }): Where => ({
  namespace,
  family,
  table,
})

const ascending = (numbers: Iterable<number>): number[] => [...new Set(numbers)].sort((a, b) => a - b)

export function removeRules(namespace: string, chain: ChainView, numbers: Iterable<number>): AnyCommand[] {
  const rules = ascending(numbers).map((at) => ({ at, was: chain.rules[at - 1] ?? '' }))
  return [{ do: 'remove-rules', ...whereOf(namespace, chain), chain: chain.name, rules }]
}

/** Copies them right after the last of them, in their order. */
export function duplicateRules(namespace: string, chain: ChainView, numbers: Iterable<number>): AnyCommand[] {
  const all = ascending(numbers)
  const last = all.at(-1) ?? chain.rules.length
  return all.map((at, i) => ({
    do: 'add-rule',
    ...whereOf(namespace, chain),
    chain: chain.name,
    rule: chain.rules[at - 1] ?? '',
    ...place(chain.rules, last + 1, i),
  }))
}

/** In front of what is number `at` (null: at the end), behind `more` new rules there: its number, and the rule that is meant by it. */
export function place(rules: readonly string[], at: number | null, more = 0): { at: number | null; before?: string } {
  const before = at === null ? undefined : rules[at - 1]
  return before === undefined || at === null ? { at: null } : { at: at + more, before }
}

/** Together, in their order, in front of what is number `before` now (one more than the rules there are: to the end). */
export function moveWithin(namespace: string, chain: ChainView, numbers: Iterable<number>, before: number): MoveRule[] {
  const all = ascending(numbers)
  const order = chain.rules.map((_, i) => i + 1)
  const rest = order.filter((n) => !all.includes(n))
  const slot = rest.filter((n) => n < before).length
  const wanted = [...rest.slice(0, slot), ...all, ...rest.slice(slot)]
  const now = [...order]
  const moves: MoveRule[] = []
  // Those that go down from the back, then those that go up from the front: each comes to its place in one move.
  for (const number of [...all.filter((n) => n < before).toReversed(), ...all.filter((n) => n >= before)]) {
    const from = now.indexOf(number)
    const to = wanted.indexOf(number)
    if (from === to) continue
    now.splice(from, 1)
    now.splice(to, 0, number)
    const next = now[to + 1]
    const place = next === undefined ? { to: null } : { to: to + 1, before: chain.rules[next - 1] ?? null }
    const rule = { at: from + 1, was: chain.rules[number - 1] ?? '', ...place }
    moves.push({ do: 'move-rule', ...whereOf(namespace, chain), chain: chain.name, ...rule })
  }
  return moves
}

/** To the end of another chain, in their order. */
export function moveToChain(
  namespace: string,
  from: ChainView,
  to: { table: Table; name: string },
  numbers: Iterable<number>,
): AnyCommand[] {
  return ascending(numbers).map((at, i) => ({
    do: 'move-rule',
    ...whereOf(namespace, from),
    chain: from.name,
    at: at - i,
    was: from.rules[at - 1] ?? '',
    to_chain: to.name,
    to_table: to.table,
  }))
}

/** `iptables -t nat -A POSTROUTING …`, as it would be typed. */
export function asCommand({ family, table, name }: ChainView, rule: string): string {
  const program = family === 'ipv6' ? 'ip6tables' : 'iptables'
  return [program, ...(table === 'filter' ? [] : ['-t', table]), '-A', name, rule].join(' ')
}

/** The number of each rule after its chain has changed: rules before the change keep their number, rules after it move along, and
 * those in between are found by their text, equal ones in their order. null: it is gone, or has changed itself. */
export function followed(before: readonly string[], after: readonly string[]): (number: number) => number | null {
  const most = Math.min(before.length, after.length)
  let same = 0
  while (same < most && before[same] === after[same]) same += 1
  let behind = 0
  while (behind < most - same && before.at(-1 - behind) === after.at(-1 - behind)) behind += 1
  const shift = after.length - before.length
  const moved = moves(before.slice(same, before.length - behind), after.slice(same, after.length - behind))
  return (number) => {
    if (number <= same) return number
    if (number > before.length - behind) return number + shift
    const index = moved.get(number - same - 1)
    return index === undefined ? null : same + index + 1
  }
}

/** Where a place in front of number `at` is after its chain has changed: in front of the same rule, or behind the one before it. */
export function placeFollowed(before: readonly string[], after: readonly string[], at: number): number {
  const next = followed(before, after)
  for (let number = at; number <= before.length; number += 1) {
    const found = next(number)
    if (found !== null) return found
    const behind = number > 1 ? next(number - 1) : null
    if (behind !== null) return behind + 1
  }
  return at > before.length ? after.length + 1 : Math.min(at, after.length + 1)
}

/** Index in `before` → index in `after` of the same text. */
function moves(before: readonly string[], after: readonly string[]): Map<number, number> {
  const places = new Map<string, number[]>()
  for (let i = after.length - 1; i >= 0; i -= 1) {
    const text = after[i] ?? ''
    const known = places.get(text)
    if (known) known.push(i)
    else places.set(text, [i])
  }
  const out = new Map<number, number>()
  for (const [i, text] of before.entries()) {
    const place = places.get(text)?.pop()
    if (place !== undefined) out.set(i, place)
  }
  return out
}
