import type { Family, Table } from '@/protocol'
import type { Grammar } from './grammar'

/** What a rule can name where it stands. `chains`: the custom chains of its table; `grammar`: null until the lab has told it. */
export interface RuleScope {
  family: Family
  table: Table
  chain: string
  chains: readonly string[]
  interfaces: readonly string[]
  grammar: Grammar | null
}
