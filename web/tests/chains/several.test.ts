import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readSeveral } from '@/chains/model/several'

const here = { namespace: 'ns0', family: 'ipv4', table: 'filter', name: 'INPUT' } as const
const where = { namespace: 'ns0', family: 'ipv4', table: 'filter' }

test('lines of a script are one edit; what asks for something else is told', () => {
  const found = readSeveral(
    `#!/bin/sh
# the web
iptables -N WEB
$ sudo iptables -t nat -A POSTROUTING -o up0 \\
    -j MASQUERADE
iptables -P INPUT DROP
ip6tables -I INPUT 2 -p tcp -j WEB

-p udp -j ACCEPT
iptables -F
echo done`,
    here,
  )
  expect(found?.commands).toEqual([
    { do: 'add-chain', ...where, name: 'WEB' },
    { do: 'add-rule', ...where, table: 'nat', chain: 'POSTROUTING', rule: '-o up0 -j MASQUERADE', at: null },
    { do: 'set-policy', ...where, chain: 'INPUT', policy: 'DROP' },
    { do: 'add-rule', ...where, family: 'ipv6', chain: 'INPUT', rule: '-p tcp -j WEB', at: 2 },
    { do: 'add-rule', ...where, chain: 'INPUT', rule: '-p udp -j ACCEPT', at: null },
  ])
  expect(found?.unread).toEqual(['iptables -F', 'echo done'])
  expect(found?.first).toBe('iptables -N WEB')
})

test('rules of iptables-save are of the table that it names', () => {
  const found = readSeveral('*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j MASQUERADE\nCOMMIT', here)
  const rule = { do: 'add-rule', ...where, table: 'nat', chain: 'POSTROUTING', rule: '-j MASQUERADE', at: null }
  expect(found?.commands).toEqual([rule])
  expect(found?.unread).toHaveLength(3)
})

test('one line is no several lines, nor is a text of something else', () => {
  expect(readSeveral('iptables -A INPUT -j DROP\n', here)).toBeNull()
  expect(readSeveral('one\ntwo', here)).toBeNull()
  fc.assert(fc.property(fc.string(), (text) => void readSeveral(text, here)))
})

test('every line is taken or told', () => {
  const lines = fc.array(
    fc.constantFrom('-A INPUT -j DROP', '-p tcp -j ACCEPT', 'ls', '-D INPUT 1', '-R INPUT 1 -j DROP'),
    {
      minLength: 2,
    },
  )
  fc.assert(
    fc.property(lines, (all) => {
      const found = readSeveral(all.join('\n'), here)
      expect(found?.commands.length ?? 0).toBe(all.filter((line) => /^-[Ap]/.test(line)).length)
      if (found) expect(found.commands.length + found.unread.length).toBe(all.length)
    }),
  )
})
