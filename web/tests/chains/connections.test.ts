import { expect, test } from 'vitest'
import { endText, translation, wordsOf } from '@/chains/model/connections'
import { lint } from '@/chains/model/lint'
import { recipes } from '@/chains/model/recipes'
import { subnetOf } from '@/chains/model/subnet'
import type { Connection } from '@/protocol'

const tcp = (original: [string, number, string, number], reply: [string, number, string, number]): Connection => {
  const tuple = ([source, source_port, destination, destination_port]: [string, number, string, number]) => ({
    source,
    source_port,
    destination,
    destination_port,
  })
  return { id: 1, family: 'ipv4', protocol: 'tcp', original: tuple(original), reply: tuple(reply) }
}

test('masquerading changes the source, publishing a port the destination', () => {
  const out = tcp(['10.0.1.1', 4000, '192.0.2.2', 80], ['192.0.2.2', 80, '192.0.2.1', 4000])
  expect(translation(out)).toMatchObject({ snat: true, dnat: false, after: { from: { address: '192.0.2.1' } } })
  const published = tcp(['192.0.2.2', 4000, '192.0.2.1', 8080], ['10.0.1.1', 80, '192.0.2.2', 4000])
  expect(translation(published)).toMatchObject({
    snat: false,
    dnat: true,
    after: { to: { address: '10.0.1.1', port: '80' } },
  })
  expect(wordsOf(published)).toContain('dnat')
})

test('a connection that nobody translates is the same on both sides', () => {
  const plain = translation(tcp(['10.0.1.1', 4000, '10.0.1.2', 80], ['10.0.1.2', 80, '10.0.1.1', 4000]))
  expect(plain.before).toEqual(plain.after)
  expect(endText({ address: 'fd00::1', port: '80' })).toBe('[fd00::1]:80')
})

test('what is offered to begin with has no fault where it stands', () => {
  for (const { table, chain, rule } of recipes({ inside: '10.0.1.0/24', host: '10.0.1.2', out: 'eth0' })) {
    const around = { family: 'ipv4' as const, table, chain, chains: [], interfaces: ['eth0'], grammar: null }
    expect(lint(rule, around)).toEqual([])
  }
  expect(subnetOf('10.0.1.7', 24)).toBe('10.0.1.0/24')
  expect(subnetOf('10.0.1.7', 32)).toBeNull()
})
