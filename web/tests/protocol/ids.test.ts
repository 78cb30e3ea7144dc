import { expect, test } from 'vitest'
import { type AnyRecord, DEFAULTS, isInterface, KINDS } from '@/protocol'

const recordOf = (kind: string): AnyRecord => ({ kind }) as AnyRecord

test('every kind of interface is one', () => {
  expect(Object.keys(KINDS).filter((kind) => !isInterface(recordOf(kind)))).toEqual([])
})

test('no other record is: a chain, a route, a namespace', () => {
  expect(
    ['chain', 'route', 'neighbour', 'fdb', 'namespace', 'lab', 'note'].filter((kind) => isInterface(recordOf(kind))),
  ).toEqual([])
  expect(
    Object.keys(DEFAULTS)
      .filter((kind) => isInterface(recordOf(kind)))
      .sort(),
  ).toEqual(Object.keys(KINDS).sort())
  expect(isInterface(undefined)).toBe(false)
})
