import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { changes, type Diff, idsOf, type Json, Misfit } from '@/protocol'

type State = Record<string, Json>
interface Vector {
  name: string
  before: State
  after: State
  diff: Diff<Json>
  squash?: { second: Diff<Json>; diff: Diff<Json>; after: State }
}
const vectors = JSON.parse(readFileSync('../tests/vectors/diff.json', 'utf8')) as Vector[]

function apply(records: State, diff: Diff<Json>): State {
  const out = new Map(Object.entries(records))
  for (const [id, record] of changes(diff, (known) => out.get(known))) {
    if (record === undefined) out.delete(id)
    else out.set(id, record)
  }
  return Object.fromEntries(out)
}

describe('vectors shared with Python', () => {
  test.each(vectors)('$name', (v) => {
    expect(apply(v.before, v.diff)).toEqual(v.after)
    expect(new Set(idsOf(v.diff))).toEqual(new Set([...changes(v.diff, (id) => v.before[id])].map(([id]) => id)))
    if (!v.squash) return
    expect(apply(v.after, v.squash.second)).toEqual(v.squash.after)
    expect(apply(v.before, v.squash.diff)).toEqual(v.squash.after)
  })
})

test('a change inside a record that is another, or gone, is told', () => {
  const diff = { spliced: { a: [{ path: ['rules'], at: 1, length: 3, removed: ['y'] }] } }
  expect(apply({ a: { rules: ['x', 'y', 'z'] } }, diff)).toEqual({ a: { rules: ['x', 'z'] } })
  const others: State[] = [{ a: { rules: ['x', 'y'] } }, { a: {} }, { a: 1 }, {}]
  for (const before of others) {
    expect(() => apply(before, diff)).toThrow(Misfit)
  }
})
