/** Several lines at once, as scripts and textbooks have them: what each asks for. Pure. */

import type { AnyCommand, Family, Table } from '@/protocol'
import { type CommandLine, readCommand } from './command'
import { TABLES } from './hooks'
import { split } from './words'

export interface Line {
  /** As it is shown: `nat POSTROUTING`, and the rule or what else is done. */
  place: string
  text: string
}

export interface Several {
  commands: readonly AnyCommand[]
  lines: readonly Line[]
  /** The first of them, as it was written. */
  first: string
  /** Lines that are nothing of that: nothing is done with them. */
  unread: readonly string[]
}

interface Here {
  namespace: string
  family: Family
  table: Table
  name: string
}

/** null where the text is one line, or none of its lines asks for anything. A backslash at its end joins a line with the next one. */
export function readSeveral(text: string, here: Here): Several | null {
  const lines = text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^#(?!\s*(sudo\s|ip6?tables))/.test(line))
  if (lines.length < 2) return null
  let { table } = here
  const found = lines.map((line) => {
    table = tableOf(line) ?? table // as iptables-save begins one
    return { line, read: readLine(line, { ...here, table }) }
  })
  const taken = found.flatMap(({ read }) => read ?? [])
  const first = found.find(({ read }) => read)?.line
  if (first === undefined) return null
  return {
    commands: taken.map(({ command }) => command),
    lines: taken.map(({ shown }) => shown),
    first,
    unread: found.flatMap(({ line, read }) => (read ? [] : line)),
  }
}

/** Commands that are no rule, though they begin as one. */
const OTHER = /^(-[DFXZELSC]|--(delete|flush|zero|rename|list|check)[a-z-]*)(\s|$)/

const tableOf = (line: string): Table | undefined => TABLES.find((table) => line === `*${table}`)

function readLine(line: string, here: Here): { command: AnyCommand; shown: Line } | null {
  const read = readCommand(line, here)
  if (read) return of(read, here)
  if (!/^(-|! )/.test(line) || OTHER.test(line) || split(line).some((word) => word.open)) return null
  return of({ ...here, verb: 'append', chain: here.name, at: null, rule: line }, here)
}

function of(read: CommandLine, { namespace }: Here): { command: AnyCommand; shown: Line } | null {
  const { family, table, chain, rule } = read
  const where = { namespace, family, table }
  const place = `${family === 'ipv6' ? 'IPv6 ' : ''}${table} ${chain}`
  switch (read.verb) {
    case 'append':
      return { command: { do: 'add-rule', ...where, chain, rule, at: null }, shown: { place, text: rule } }
    case 'insert':
      return { command: { do: 'add-rule', ...where, chain, rule, at: read.at ?? 1 }, shown: { place, text: rule } }
    case 'chain':
      return { command: { do: 'add-chain', ...where, name: chain }, shown: { place, text: '-N' } }
    case 'policy':
      if (rule !== 'ACCEPT' && rule !== 'DROP') return null
      return { command: { do: 'set-policy', ...where, chain, policy: rule }, shown: { place, text: `-P ${rule}` } }
    case 'replace':
      return null // it would depend on what the rule is now
  }
}
