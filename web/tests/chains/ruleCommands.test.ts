import fc from 'fast-check'
import { expect, test } from 'vitest'
import { callers, chainView, targetIn } from '@/chains/model/digest'
import { picture } from '@/chains/model/geometry'
import { HOOKS } from '@/chains/model/hooks'
import { duplicateRules, followed, moveToChain, moveWithin, placeFollowed } from '@/chains/model/ruleCommands'
import type { AnyCommand, Chain } from '@/protocol'

const chain = (rules: string[], name = 'INPUT') =>
  chainView(
    { kind: 'chain', namespace: 'ns0', family: 'ipv4', table: 'filter', name, rules } as Chain,
    new Set(['web']),
  )

/** What the server does with them, one after the other. */
function play(rules: readonly string[], commands: readonly AnyCommand[]): string[] {
  const now = [...rules]
  for (const c of commands) {
    if (c.do === 'add-rule') now.splice((c.at ?? now.length + 1) - 1, 0, c.rule)
    if (c.do !== 'move-rule') continue
    expect(now[c.at - 1]).toBe(c.was)
    const [rule = ''] = now.splice(c.at - 1, 1)
    if (!c.to_chain && c.to != null) expect(now[c.to - 1]).toBe(c.before)
    if (!c.to_chain) now.splice((c.to ?? now.length + 1) - 1, 0, rule)
  }
  return now
}

test('moving keeps the order of what is moved and of what stays', () => {
  const some = fc
    .integer({ min: 1, max: 9 })
    .chain((size) =>
      fc.tuple(
        fc.constant(size),
        fc.subarray(Array.from({ length: size }, (_, i) => i + 1)),
        fc.integer({ min: 1, max: size + 1 }),
      ),
    )
  fc.assert(
    fc.property(some, ([size, numbers, before]) => {
      const rules = Array.from({ length: size }, (_, i) => `-s 10.0.0.${i + 1} -j DROP`)
      const moved = numbers.map((n) => rules[n - 1] ?? '')
      const rest = rules.filter((r) => !moved.includes(r))
      const slot = rules.slice(0, before - 1).filter((r) => rest.includes(r)).length
      const wanted = [...rest.slice(0, slot), ...moved, ...rest.slice(slot)]
      expect(play(rules, moveWithin('ns0', chain(rules), numbers, before))).toEqual(wanted)
    }),
  )
})

test('a rule is followed where others come and go before and behind it', () => {
  const texts = fc.uniqueArray(fc.string(), { maxLength: 6 })
  fc.assert(
    fc.property(texts, texts, texts, (a, b, c) => {
      const [before, after] = [[...a, ...b].map((t) => `x${t}`), [...a, ...c].map((t) => `x${t}`)]
      const where = followed([...before, 'this'], [...after, 'this'])
      expect(where(before.length + 1)).toBe(after.length + 1)
      for (const [i] of a.entries()) expect(where(i + 1)).toBe(i + 1)
    }),
  )
  expect(followed(['a', 'b', 'c'], ['a', 'c'])(2)).toBeNull()
  expect(followed(['a', 'b', 'c'], ['a', 'x', 'c'])(2)).toBeNull()
})

test('a rule that was moved is followed, and so are those it passed', () => {
  const before = ['a', 'b', 'c', 'd', 'b']
  expect([1, 2, 3, 4, 5].map(followed(before, ['a', 'd', 'b', 'c', 'b']))).toEqual([1, 3, 4, 2, 5])
  expect([1, 2, 3, 4, 5].map(followed(before, ['a', 'b', 'd', 'b', 'x']))).toEqual([1, 2, null, 3, 4])
})

test('a place is followed: in front of the same rule, or else behind the one before it', () => {
  const rules = ['a', 'b', 'c']
  const places = (after: string[]) => [1, 2, 3, 4].map((at) => placeFollowed(rules, after, at))
  expect(places(['x', 'a', 'b', 'c'])).toEqual([2, 3, 4, 5])
  expect(places(['b', 'c'])).toEqual([1, 1, 2, 3])
  expect(places(['a', 'c'])).toEqual([1, 2, 2, 3])
  expect(places(['a', 'b', 'x'])).toEqual([1, 2, 3, 4])
  expect(places([])).toEqual([1, 1, 1, 1])
  expect(placeFollowed(['a'], ['changed'], 1)).toBe(1)
})

test('one rule is one move', () => {
  const rules = ['-j a', '-j b', '-j c', '-j d']
  expect(moveWithin('ns0', chain(rules), [1], 4)).toHaveLength(1)
  expect(moveWithin('ns0', chain(rules), [4], 1)).toHaveLength(1)
  expect(moveWithin('ns0', chain(rules), [2], 2)).toHaveLength(0)
})

test('copies stand behind, what leaves leaves one after the other', () => {
  const rules = ['-j a', '-j b', '-j c']
  expect(play(rules, duplicateRules('ns0', chain(rules), [1, 3]))).toEqual([...rules, '-j a', '-j c'])
  expect(play(rules, moveToChain('ns0', chain(rules), { table: 'filter', name: 'web' }, [1, 3]))).toEqual(['-j b'])
})

test('a target is read from a rule, not from its comment', () => {
  expect(targetIn('-m comment --comment "do not -j DROP" -j ACCEPT')).toEqual({ how: 'jump', name: 'ACCEPT' })
  expect(targetIn('-s 10.0.0.1/32')).toBeNull()
  expect(chain(['-j LOG', '-j DROP', '-j web', '-p tcp']).ends).toEqual([false, true, false, false])
})

test('who jumps to a chain', () => {
  const all = [chain(['-j web', '-g web']), chain([], 'web')]
  expect(callers(all).get('web')).toEqual(['INPUT'])
})

test('the picture fits, and no card covers another', () => {
  const room = fc.record({ width: fc.integer({ min: 300, max: 2000 }), height: fc.integer({ min: 120, max: 1200 }) })
  fc.assert(
    fc.property(room, (given) => {
      const at = picture(given)
      const boxes = [...HOOKS.map((h) => at.hooks[h]), at.process, ...at.routing]
      for (const [i, a] of boxes.entries()) {
        expect(a.x >= 0 && a.y >= 0 && a.x + a.w <= at.w && a.y + a.h <= at.h).toBe(true)
        for (const b of boxes.slice(i + 1)) {
          expect(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y).toBe(true)
        }
      }
    }),
  )
})
