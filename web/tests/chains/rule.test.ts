import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addMatch, dropMatch, setBase, setMatch, setPorts, setTarget, setTargetOption } from '@/chains/model/change'
import { readCommand } from '@/chains/model/command'
import { parse, targetOf, textOf } from '@/chains/model/parts'
import { quote, split } from '@/chains/model/words'

const HTTP = '-s 10.0.1.0/24 -i veth0 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j DROP'

describe('words', () => {
  test('quotes hold together; the place of each word is known', () => {
    const words = split('-m comment --comment "a \\"b\\" c" -j DROP')
    expect(words.map((w) => w.text)).toEqual(['-m', 'comment', '--comment', 'a "b" c', '-j', 'DROP'])
    expect(words[3]).toMatchObject({ start: 21, quoted: true, open: false })
  })
  test('an open quote is seen', () => {
    expect(split('--comment "abc').at(-1)).toMatchObject({ text: 'abc', open: true })
  })
  test('what is quoted is read back', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(split(quote(value)).map((w) => w.text)).toEqual([value])
      }),
    )
  })
})

describe('parts', () => {
  test('nothing is lost: every word belongs to a part or is stray', () => {
    const word = fc.constantFrom(
      '-p',
      'tcp',
      '!',
      '--dport',
      '80',
      '-m',
      'limit',
      '-j',
      'LOG',
      '--log-prefix',
      '"a b"',
      '-x',
      '-1',
      '--',
      '"',
    )
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const parsed = parse(words.join(' '))
        const held =
          parsed.parts.flatMap((p) => [p.sign, ...p.values, ...(p.negated ? [p] : [])]).length + parsed.stray.length
        expect(held).toBe(parsed.words.length)
      }),
    )
  })
  test('an option belongs to its match, or to the target', () => {
    const parsed = parse('-p tcp -m tcp --dport 80 -m limit --limit 5/min -j LOG --log-prefix "x y"')
    expect(parsed.parts.map((p) => [p.option, p.home.kind === 'rule' ? '' : p.home.name])).toEqual([
      ['protocol', ''],
      ['match', ''],
      ['dport', 'tcp'],
      ['match', ''],
      ['limit', 'limit'],
      ['jump', ''],
      ['log-prefix', 'LOG'],
    ])
  })
  test('a protocol brings its own match', () => {
    expect(textOf(parse('-p udp --dport 53 -j ACCEPT'), 'dport', 'udp')).toBe('53')
    expect(textOf(parse('-m conntrack --ctstate NEW -p tcp --dport 53'), 'dport', 'tcp')).toBe('53')
  })
  test('negation and two values', () => {
    const parsed = parse('! -s 10.0.0.0/8 -p tcp -m tcp ! --tcp-flags SYN,ACK SYN -g CHAIN')
    expect(parsed.parts[0]).toMatchObject({ option: 'source', negated: true })
    expect(textOf(parsed, 'tcp-flags')).toBe('SYN,ACK SYN')
    expect(targetOf(parsed)).toEqual({ how: 'goto', name: 'CHAIN' })
  })
})

describe('changes', () => {
  test('what is set is read back, and setting what is there changes nothing', () => {
    expect(setBase(HTTP, 'source', { values: ['10.0.1.0/24'] })).toBe(HTTP)
    expect(setMatch(HTTP, 'conntrack', 'ctstate', { values: ['NEW'] })).toBe(HTTP)
    expect(setPorts(HTTP, 'dport', { ports: '80' })).toBe(HTTP)
    expect(setTarget(HTTP, { how: 'jump', name: 'DROP' })).toBe(HTTP)
    expect(setBase('', 'protocol', { values: ['tcp'] })).toBe('-p tcp')
  })
  test('an option comes at its place', () => {
    expect(setBase('-p tcp -j DROP', 'source', { values: ['10.0.0.1'] })).toBe('-s 10.0.0.1 -p tcp -j DROP')
    expect(setBase('-s 10.0.0.1 -j DROP', 'protocol', { values: ['udp'] })).toBe('-s 10.0.0.1 -p udp -j DROP')
    expect(setMatch('-p tcp -j DROP', 'conntrack', 'ctstate', { values: ['NEW'] })).toBe(
      '-p tcp -m conntrack --ctstate NEW -j DROP',
    )
    expect(setTargetOption('-j LOG', 'log-prefix', { values: ['a b'] })).toBe('-j LOG --log-prefix "a b"')
  })
  test('the last option takes its match along', () => {
    expect(setMatch(HTTP, 'conntrack', 'ctstate', null)).toBe(
      '-s 10.0.1.0/24 -i veth0 -p tcp -m tcp --dport 80 -j DROP',
    )
  })
  test('a list of ports is multiport, one port is not', () => {
    const many = setPorts('-p tcp -m tcp --dport 80 -j DROP', 'dport', { ports: '80, 443' })
    expect(many).toBe('-p tcp -m multiport --dports 80,443 -j DROP')
    expect(setPorts(many, 'dport', { ports: '22' })).toBe('-p tcp -m tcp --dport 22 -j DROP')
  })
  test('ports go along to another protocol that has them, and go with one that has none', () => {
    expect(setBase('-p tcp -m tcp --dport 53 --syn -j DROP', 'protocol', { values: ['udp'] })).toBe(
      '-p udp -m udp --dport 53 -j DROP',
    )
    expect(setBase('-p tcp -m tcp --dport 53 -j DROP', 'protocol', { values: ['icmp'] })).toBe('-p icmp -j DROP')
    expect(setBase('-p tcp --dport 53 -j DROP', 'protocol', null)).toBe('-j DROP')
  })
  test('a new target drops what the old one was told', () => {
    expect(setTarget('-p tcp -j LOG --log-prefix "x"', { how: 'jump', name: 'ACCEPT' })).toBe('-p tcp -j ACCEPT')
  })
  test('what the form does not know is never touched', () => {
    const odd = '-m weird --odd "a  b"   --other 1,2'
    const token = fc.constantFrom('source', 'destination', 'in-interface', 'protocol')
    fc.assert(
      fc.property(token, fc.constantFrom('tcp', 'eth0', '10.0.0.0/8'), (option, value) => {
        const text = `${odd} -j DROP`
        const set = setBase(text, option, { values: [value] })
        expect(set).toContain(odd)
        expect(textOf(parse(set), option)).toBe(value)
        expect(setBase(set, option, null)).toBe(text)
      }),
    )
  })
  test('matches come and go whole', () => {
    const text = addMatch('-p tcp -j DROP', 'socket')
    expect(text).toBe('-p tcp -m socket -j DROP')
    expect(dropMatch(text, 'socket')).toBe('-p tcp -j DROP')
  })
})

describe('a whole command', () => {
  const here = { family: 'ipv4', table: 'filter' } as const
  test('as a textbook prints it', () => {
    expect(readCommand('sudo iptables -t nat -A POSTROUTING -s 10.0.1.0/24 -o eth0 -j MASQUERADE', here)).toEqual({
      family: 'ipv4',
      table: 'nat',
      verb: 'append',
      chain: 'POSTROUTING',
      at: null,
      rule: '-s 10.0.1.0/24 -o eth0 -j MASQUERADE',
    })
    expect(readCommand('# ip6tables -I INPUT 3 -p tcp -j DROP', here)).toMatchObject({
      family: 'ipv6',
      verb: 'insert',
      at: 3,
    })
    expect(readCommand('iptables -A FORWARD -m comment --comment "a  b" -j LOG', here)?.rule).toBe(
      '-m comment --comment "a  b" -j LOG',
    )
  })
  test('a line of iptables-save stays in the table it is in', () => {
    expect(readCommand('-A PREROUTING -p tcp -j RETURN', { family: 'ipv4', table: 'nat' })).toMatchObject({
      table: 'nat',
    })
    expect(readCommand('iptables -A INPUT -j DROP', { family: 'ipv4', table: 'nat' })).toMatchObject({
      table: 'filter',
    })
  })
  test('a rule is no command', () => expect(readCommand('-p tcp -j DROP', here)).toBeNull())
})
