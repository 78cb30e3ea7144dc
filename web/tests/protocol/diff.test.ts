import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apply, between, type Diff, type Json, reverse, squash } from '@/protocol'

type State = Record<string, Json>
interface Vector {
  name: string
  before: State
  after: State
  diff: Diff<Json>
  squash?: { second: Diff<Json>; diff: Diff<Json>; after: State }
}
const vectors = JSON.parse(readFileSync('../tests/vectors/diff.json', 'utf8')) as Vector[]

describe('vectors shared with Python', () => {
  test.each(vectors)('$name', (v) => {
    expect(between(v.before, v.after)).toEqual(v.diff)
    expect(apply(v.before, v.diff)).toEqual(v.after)
    expect(apply(v.after, reverse(v.diff))).toEqual(v.before)
    if (!v.squash) return
    const both = squash(v.diff, v.squash.second)
    expect(both).toEqual(v.squash.diff)
    expect(apply(v.before, both)).toEqual(v.squash.after)
  })
})

const states = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', '__proto__', 'toString'),
  fc.jsonValue({ maxDepth: 2 }),
) as fc.Arbitrary<State>

test('laws', () => {
  fc.assert(
    fc.property(states, states, states, (a, b, c) => {
      const [first, second] = [between(a, b), between(b, c)]
      expect(apply(a, first)).toEqual(b)
      expect(apply(b, reverse(first))).toEqual(a)
      expect(reverse(reverse(first))).toEqual(first)
      expect(squash(first, second)).toEqual(between(a, c))
      expect(squash(first, reverse(first))).toEqual({})
    }),
  )
})
