import type { Family, Table } from '@/protocol'
import type { Grammar } from './grammar'

/** What a rule at its place can refer to. `chains`: the user-defined chains of its table; `grammar`: null until it is loaded. */
export interface RuleScope {
  family: Family
  table: Table
  chain: string
  chains: readonly string[]
  interfaces: readonly string[]
  grammar: Grammar | null
}
