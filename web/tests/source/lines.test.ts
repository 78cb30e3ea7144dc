import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hunks, merge, patched } from '@/source/lines'

const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 12 }).map((all) => all.join('\n'))

describe('differences by lines', () => {
  test('turn the one text into the other', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(patched(a, hunks(a, b))).toBe(b)
      }),
    )
  })
  test('leave the lines between two changes alone', () => {
    const before = 'one\ntwo\nthree\nfour\nfive\n'
    expect(hunks(before, 'ONE\ntwo\nthree\nfour\nFIVE\n')).toEqual([
      { from: 0, to: 4, insert: 'ONE\n' },
      { from: 19, to: 24, insert: 'FIVE\n' },
    ])
  })
})

describe('merging', () => {
  test('keeps both changes where they are apart, in whatever order they are merged', () => {
    const base = 'one\ntwo\nthree\nfour\nfive\n'
    const [mine, theirs] = ['ONE\ntwo\nthree\nfour\nfive\n', 'one\ntwo\nthree\nnew\nfour\nfive!\n']
    const both = 'ONE\ntwo\nthree\nnew\nfour\nfive!\n'
    expect(patched(mine, merge(base, mine, theirs) ?? [])).toBe(both)
    expect(patched(theirs, merge(base, theirs, mine) ?? [])).toBe(both)
  })
  test('is refused where both changed the same line', () => {
    expect(merge('one\n', 'ONE\n', 'eins\n')).toBeNull()
  })
  test('never loses what only one side changed', () => {
    fc.assert(
      fc.property(text, text, (base, other) => {
        expect(patched(base, merge(base, base, other) ?? [])).toBe(other)
        expect(merge(base, other, base)).toEqual([])
      }),
    )
  })
})
