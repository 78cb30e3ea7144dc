/** A whole command of a textbook, `iptables -t nat -A POSTROUTING -s … -j MASQUERADE`, read as what it asks for. */

import type { Family, Table } from '@/protocol'
import { split } from './words'

export interface CommandLine {
  family: Family
  table: Table
  verb: 'append' | 'insert' | 'replace' | 'chain' | 'policy'
  chain: string
  /** The number that it names (`-I CHAIN 3`, `-R CHAIN 2`). */
  at: number | null
  /** Of `-P` the policy. */
  rule: string
}

const TABLES: readonly string[] = ['raw', 'mangle', 'nat', 'filter', 'security']
const VERBS: Readonly<Record<string, CommandLine['verb']>> = {
  '-A': 'append',
  '--append': 'append',
  '-I': 'insert',
  '--insert': 'insert',
  '-R': 'replace',
  '--replace': 'replace',
  '-N': 'chain',
  '--new-chain': 'chain',
  '-P': 'policy',
  '--policy': 'policy',
}

/** null where the text is no such command (then it is just a rule). A bare `-A CHAIN …`, as iptables-save prints, is one too. */
export function readCommand(text: string, here: { family: Family; table: Table }): CommandLine | null {
  const words = split(text)
  let at = 0
  const next = (): string => words[at]?.text ?? ''
  if (next() === '$' || next() === '#') at += 1
  if (next() === 'sudo') at += 1
  let { family, table } = here
  const program = /^(?:\S*\/)?(ip6?)tables(?:-legacy|-nft)?$/.exec(next())
  if (program) {
    family = program[1] === 'ip6' ? 'ipv6' : 'ipv4'
    if (table === here.table) table = 'filter'
    at += 1
  }
  let found: { verb: CommandLine['verb']; chain: string; number: number | null } | null = null
  const rest: string[] = []
  for (; at < words.length; at += 1) {
    const word = words[at]
    if (!word) break
    if (!word.quoted && (word.text === '-t' || word.text === '--table')) {
      const named = words[at + 1]?.text ?? ''
      if (TABLES.includes(named)) table = named as Table
      at += 1
    } else if (!word.quoted && !found && VERBS[word.text]) {
      const number = /^\d+$/.test(words[at + 2]?.text ?? '') ? Number(words[at + 2]?.text) : null
      const verb = VERBS[word.text] as CommandLine['verb']
      found = { verb, chain: words[at + 1]?.text ?? '', number: verb === 'append' ? null : number }
      at += found.number === null ? 1 : 2
    } else if (!word.quoted && /^(-w|--wait|-v|--verbose|-n)$/.test(word.text) && rest.length === 0) {
      if (/^\d+$/.test(words[at + 1]?.text ?? '')) at += 1
    } else rest.push(text.slice(word.start, word.end))
  }
  if (!found || found.chain === '') return null
  return { family, table, verb: found.verb, chain: found.chain, at: found.number, rule: rest.join(' ') }
}
