/** What the picture needs to know of the rules of a chain, without taking ten thousand of them apart. */

import type { Chain, Family, Table } from '@/protocol'
import { chainId, isHook, type Policy } from './hooks'

/** One chain as the page shows it, also one without a record. */
export interface ChainView {
  id: string
  family: Family
  table: Table
  name: string
  builtIn: boolean
  policy: Policy | null
  rules: readonly string[]
  /** Of each rule: whether a packet that it matches goes no further in this chain. */
  ends: readonly boolean[]
}

const NO_RULES: readonly string[] = []
const digests = new WeakMap<Chain, ChainView>()
const QUOTED = /"(?:\\.|[^"\\])*"/g
const TARGET = /(?:^|\s)-(j|g) (\S+)/

/** Targets after which a packet goes on to the next rule (iptables-extensions(8)). */
const GOES_ON: ReadonlySet<string> = new Set([
  'LOG', 'NFLOG', 'MARK', 'CONNMARK', 'TTL', 'HL', 'TRACE', 'CT', 'NOTRACK', 'TCPMSS', 'TEE', 'DSCP', 'TOS', 'CLASSIFY', 'SET', 'ECN',
  'CHECKSUM', 'AUDIT', 'SECMARK', 'CONNSECMARK', 'IDLETIMER', 'LED', 'RATEEST', 'TCPOPTSTRIP', 'HMARK',
]) // biome-ignore format: one list

/** Where a rule's target sends a packet, read from its text as `iptables-save` prints it; null: it only counts. */
export function targetIn(rule: string): { how: 'jump' | 'goto'; name: string } | null {
  const found = TARGET.exec(rule.includes('"') ? rule.replace(QUOTED, '""') : rule)
  return found ? { how: found[1] === 'g' ? 'goto' : 'jump', name: found[2] ?? '' } : null
}

export function chainView(chain: Chain, custom: ReadonlySet<string>): ChainView {
  const known = digests.get(chain)
  if (known) return known
  const rules = chain.rules ?? NO_RULES
  const ends = rules.map((rule) => {
    const target = targetIn(rule)
    return target !== null && !GOES_ON.has(target.name) && !custom.has(target.name)
  })
  const { family, table, name } = chain
  const id = chainId(chain.namespace, family, table, name)
  const view = { id, family, table, name, builtIn: isHook(name), policy: chain.policy ?? null, rules, ends }
  const whole = { ...view, policy: view.builtIn ? (view.policy ?? 'ACCEPT') : null }
  digests.set(chain, whole)
  return whole
}

/** A built-in chain of which there is no record. */
export function emptyChain(namespace: string, family: Family, table: Table, name: string): ChainView {
  const id = chainId(namespace, family, table, name)
  return { id, family, table, name, builtIn: true, policy: 'ACCEPT', rules: NO_RULES, ends: [] }
}

/** For each user-defined chain of a table the names of the chains with a rule that jumps to it. */
export function callers(chains: readonly ChainView[]): Map<string, string[]> {
  const own = new Set(chains.filter((c) => !c.builtIn).map((c) => c.name))
  const out = new Map<string, string[]>([...own].map((name) => [name, []]))
  for (const chain of chains) {
    const named = new Set(chain.rules.flatMap((rule) => targetIn(rule)?.name ?? []))
    for (const name of named) if (own.has(name)) out.get(name)?.push(chain.name)
  }
  return out
}
