/** What is between two documents: a row for each record, and the lines of the texts. Pure. */

import { type AnyRecord, afterColon, type Diff, kindOfId, type Splice } from '@/protocol'
import { hunks } from './lines'

export interface ChangeRow {
  id: string
  sign: '+' | '−' | '~'
  /** `interface`, `route`, …: the kind of the record's id. */
  noun: string
  name: string
  /** Of a changed record: `mtu 1500 → 9000`. */
  fields: readonly string[]
}

/** In the order of the ids; what was added, changed and removed together. */
export function changeRows(diff: Diff<AnyRecord>): ChangeRow[] {
  const row = (id: string, sign: ChangeRow['sign'], fields: readonly string[] = []): ChangeRow => ({
    id,
    sign,
    noun: kindOfId(id),
    name: afterColon(id),
    fields,
  })
  return [
    ...Object.keys(diff.removed ?? {}).map((id) => row(id, '−')),
    ...Object.keys(diff.added ?? {}).map((id) => row(id, '+')),
    ...Object.entries(diff.updated ?? {}).map(([id, [before, after]]) => row(id, '~', fieldsOf(before, after))),
    ...Object.entries(diff.spliced ?? {}).map(([id, parts]) => row(id, '~', parts.flatMap(spliceWords))),
  ]
}

const value = (json: unknown): string => (typeof json === 'string' ? json : JSON.stringify(json))

function spliceWords({ path, removed, added }: Splice): string[] {
  const where = path.join('.')
  return [
    ...(removed ?? []).map((was) => `− ${where} ${value(was)}`),
    ...(added ?? []).map((now) => `+ ${where} ${value(now)}`),
  ]
}

function fieldsOf(before: AnyRecord, after: AnyRecord): string[] {
  const [was, now] = [before, after].map((r) => r as unknown as Record<string, unknown>) as [
    Record<string, unknown>,
    Record<string, unknown>,
  ]
  const say = (value: unknown): string =>
    value === undefined || value === null ? '—' : typeof value === 'string' ? value : JSON.stringify(value)
  return [...new Set([...Object.keys(was), ...Object.keys(now)])]
    .filter((key) => JSON.stringify(was[key]) !== JSON.stringify(now[key]))
    .map((key) => `${key} ${say(was[key])} → ${say(now[key])}`)
}

export interface TextLine {
  sign: '+' | '−'
  text: string
}

/** The lines that went and came. */
export function textLines(before: string, after: string): TextLine[] {
  const cut = (text: string): string[] => text.replace(/\n$/, '').split('\n')
  return hunks(before, after).flatMap(({ from, to, insert }) => [
    ...(to > from ? cut(before.slice(from, to)).map((text): TextLine => ({ sign: '−', text })) : []),
    ...(insert ? cut(insert).map((text): TextLine => ({ sign: '+', text })) : []),
  ])
}
