import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rateWidth } from '@/canvas/model/rate'
import { amounts } from '@/i18n/amounts'
import type { AnyLive, CountersLive } from '@/protocol'
import { covering, flowOf, KEPT, Rates, RecordMap, ratesBetween } from '@/store'

function counters(at: number, rows: Record<string, [number, number]>): CountersLive {
  const row = ([rx_bytes, tx_bytes]: [number, number]) => ({ rx_bytes, tx_bytes })
  const given = Object.fromEntries(Object.entries(rows).map(([name, bytes]) => [name, row(bytes)]))
  return { kind: 'counters', namespace: 'ns0', at, rows: given } as unknown as CountersLive
}

test('a rate is what went through between two readings, in bits per second', () => {
  const rates = ratesBetween(counters(10, { veth0: [1000, 0] }), counters(12, { veth0: [2000, 500], veth1: [9, 9] }))
  expect([...rates]).toEqual([['veth0', { at: 12, rx: 4000, tx: 2000 }]])
})

test('no time, or counters that went back, give no rate', () => {
  expect(ratesBetween(counters(1, { a: [5, 5] }), counters(1, { a: [9, 9] })).size).toBe(0)
  expect(ratesBetween(counters(1, { a: [5, 5] }), counters(2, { a: [0, 9] })).size).toBe(0)
})

test('whoever shows an interface hears of its new rate; only the last two minutes are kept', () => {
  const live = new RecordMap<AnyLive>()
  const rates = new Rates(live)
  let heard = 0
  rates.subscribe('ns0/veth0', () => {
    heard += 1
  })
  for (let s = 0; s < KEPT + 10; s += 1) {
    live.set('counters:ns0', counters(s, { veth0: [s * 100, 0] }))
    live.notify(['counters:ns0'])
  }
  expect(heard).toBe(KEPT + 9)
  expect(rates.get('ns0/veth0')).toMatchObject({ rx: 800, tx: 0 })
  expect(rates.history('ns0/veth0')).toHaveLength(KEPT)
  live.delete('counters:ns0')
  live.notify(['counters:ns0'])
  expect(rates.get('ns0/veth0')).toBeUndefined()
})

test('one end of a pair says what the other end does', () => {
  const fast = { at: 2, rx: 10, tx: 80 }
  expect(flowOf(fast, undefined)).toEqual({ out: 80, back: 10 })
  expect(flowOf(undefined, fast)).toEqual({ out: 10, back: 80 })
  expect(flowOf({ ...fast, at: 1 }, { at: 2, rx: 1, tx: 2 })).toEqual({ out: 1, back: 2 })
  expect(flowOf(undefined, undefined)).toBeUndefined()
})

test('the namespaces whose counters are read have an end of every link, and a star needs only its middle', () => {
  const star = Array.from({ length: 50 }, (_, i): [string, string] => [`ns${i}`, 'host'])
  expect(covering(star, 64)).toEqual(['host'])
  const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
  fc.assert(
    fc.property(fc.array(fc.tuple(names, names)), (links) => {
      const looked = covering(links, 64)
      expect(links.every((link) => link.some((name) => looked.includes(name)))).toBe(true)
      expect(covering(links, 1).length).toBeLessThanOrEqual(1)
    }),
  )
})

test('a rate as text and as width', () => {
  expect([0, 950, 1000, 12_340, 999_960, 2.5e9].map(amounts('en').bits)).toEqual([
    '0 bit/s',
    '950 bit/s',
    '1.0 kbit/s',
    '12.3 kbit/s',
    '1.0 Mbit/s',
    '2.5 Gbit/s',
  ])
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e12, noNaN: true }),
      fc.double({ min: 0, max: 1e12, noNaN: true }),
      (a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a]
        expect(rateWidth(less)).toBeLessThanOrEqual(rateWidth(more))
        expect(rateWidth(more)).toBeLessThanOrEqual(10)
      },
    ),
  )
})
