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

/** What went, what came, what was changed. `none`: the word for a value that is not stated. */
export function changeRows(diff: Diff<AnyRecord>, none: string): ChangeRow[] {
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
    ...Object.entries(diff.updated ?? {}).map(([id, [before, after]]) => row(id, '~', fieldsOf(before, after, none))),
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

function fieldsOf(before: AnyRecord, after: AnyRecord, none: string): string[] {
  const [was, now] = [before, after].map((r) => r as unknown as Record<string, unknown>) as [
    Record<string, unknown>,
    Record<string, unknown>,
  ]
  const say = (value: unknown): string =>
    value === undefined || value === null ? none : typeof value === 'string' ? value : JSON.stringify(value)
  return [...new Set([...Object.keys(was), ...Object.keys(now)])]
    .filter((key) => JSON.stringify(was[key]) !== JSON.stringify(now[key]))
    .map((key) => `${key} ${say(was[key])} → ${say(now[key])}`)
}

/** Where a node is put that would cover one that goes: as far to the right, in canvas units. */
const PITCH = { x: 420, y: 340 }

/** The change as it is drawn: what comes does not cover what goes, which is still to be seen. */
export function apart(diff: Diff<AnyRecord>, there: Iterable<AnyRecord>): Diff<AnyRecord> {
  const places = (records: Iterable<AnyRecord>) =>
    [...records].flatMap((r) => (r.kind === 'placement' && !r.node.includes('/') ? [r] : []))
  const gone = places(Object.values(diff.removed ?? {}))
  if (gone.length === 0) return diff
  const taken: { x: number; y: number }[] = places(there)
  const added = { ...diff.added }
  for (const place of places(Object.values(added))) {
    let { x } = place
    while (taken.some((t) => Math.abs(t.x - x) < PITCH.x && Math.abs(t.y - place.y) < PITCH.y)) x += PITCH.x
    taken.push({ x, y: place.y })
    added[`placement:${place.node}`] = { ...place, x }
  }
  return { ...diff, added }
}

export interface TextLine {
  /** A blank: the line is in both. `…`: lines that are in both are left out here. */
  sign: '+' | '−' | ' ' | '…'
  text: string
  /** Counts the lines that are shown. */
  number: number
}

/** Lines in both that are shown around a difference. */
const AROUND = 3

/** The lines that went and came, with some around them. */
export function textLines(before: string, after: string): TextLine[] {
  const out: TextLine[] = []
  const add = (sign: TextLine['sign'], text: string): void => {
    out.push({ sign, text, number: out.length })
  }
  const cut = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))
  const all = hunks(before, after)
  let at = 0
  for (const [i, { from, to, insert }] of all.entries()) {
    const between = cut(before.slice(at, from))
    const [behind, ahead] = [i > 0 ? AROUND : 0, AROUND]
    if (between.length > behind + ahead) {
      for (const line of between.slice(0, behind)) add(' ', line)
      add('…', '')
      for (const line of between.slice(-ahead)) add(' ', line)
    } else for (const line of between) add(' ', line)
    for (const line of cut(before.slice(from, to))) add('−', line)
    for (const line of cut(insert)) add('+', line)
    at = to
  }
  const rest = all.length > 0 ? cut(before.slice(at)) : []
  for (const line of rest.slice(0, AROUND)) add(' ', line)
  if (rest.length > AROUND) add('…', '')
  return out
}
