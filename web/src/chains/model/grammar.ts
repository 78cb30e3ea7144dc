/** What the lab's own iptables knows: its matches and targets with their options, found by name. */

import type { Extension, Family, Option, Table, VocabularyOf } from '@/protocol'
import { type Arity, type Home, longName, ownArity } from './parts'

const bare = (name: string): string => name.replace(/^--?/, '')

export class Grammar {
  readonly version: string
  private readonly matches = new Map<string, Extension>()
  private readonly targets = new Map<string, Extension>()

  constructor({ version, extensions }: Pick<VocabularyOf, 'version' | 'extensions'>) {
    this.version = version
    for (const one of extensions) (one.kind === 'match' ? this.matches : this.targets).set(one.name, one)
  }

  match(name: string): Extension | undefined {
    return this.matches.get(name)
  }

  target(name: string): Extension | undefined {
    return this.targets.get(name)
  }

  get allMatches(): Extension[] {
    return [...this.matches.values()].sort(byName)
  }

  /** Targets that may stand in this chain, as far as is known. */
  targetsFor(table: Table, chain: string): Extension[] {
    return [...this.targets.values()].filter((one) => fits(one, table, chain)).sort(byName)
  }

  of(home: Home): Extension | undefined {
    if (home.kind === 'match') return this.match(home.name) ?? this.match(sibling(home.name))
    return home.kind === 'target' ? this.target(home.name) : undefined
  }

  /** An option of a match or target by its long name without dashes. */
  option(home: Home, name: string): Option | undefined {
    const options = this.of(home)?.options ?? []
    const exact = options.find((o) => o.names.some((n) => bare(n) === name || longName(n) === name))
    // A shortened option is as good as the whole one, where it means but one (getopt_long(3)).
    const begun = exact ? [] : options.filter((o) => o.names.some((n) => bare(n).startsWith(name)))
    return exact ?? (begun.length === 1 ? begun[0] : undefined)
  }

  readonly arity: Arity = (option, home) => {
    const known = this.option(home, option)
    if (!known) return ownArity(option, home)
    return known.arity ?? ((known.value ?? 'none') === 'none' ? 0 : 1)
  }
}

/** `-m icmp6` goes with `-p icmpv6`; a protocol's name is not always its match's. */
const SIBLINGS: Readonly<Record<string, string>> = { 'ipv6-icmp': 'icmp6', icmpv6: 'icmp6', ipv6: 'icmp6' }
const sibling = (name: string): string => SIBLINGS[name] ?? name

const byName = (a: Extension, b: Extension): number => a.name.localeCompare(b.name)

const HOOK = /^(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)$/

function fits(one: Extension, table: Table, chain: string): boolean {
  const tables = one.tables ?? []
  const hooks = one.hooks ?? []
  if (tables.length > 0 && !tables.includes(table)) return false
  return hooks.length === 0 || !HOOK.test(chain) || hooks.includes(chain)
}

/** The long name of an option, first as `iptables-save` prints it. */
export const optionName = (option: Option): string =>
  bare(option.names.find((n) => n.startsWith('--')) ?? option.names[0] ?? '')

export type Families = readonly Family[]
