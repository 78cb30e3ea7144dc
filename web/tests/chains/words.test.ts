import { describe, expect, test } from 'vitest'
import { complete } from '@/chains/model/complete'
import { Grammar } from '@/chains/model/grammar'
import { absence, chainsOf, STOPS } from '@/chains/model/hooks'
import { lint } from '@/chains/model/lint'
import type { RuleScope } from '@/chains/model/ruleScope'
import { sentence } from '@/chains/model/sentence'
import { useSentenceTexts } from '@/chains/sentenceTexts'
import { language } from '@/i18n'

const grammar = new Grammar({
  version: 'iptables v1.8.9',
  extensions: [
    {
      name: 'tcp',
      kind: 'match',
      options: [{ names: ['--dport', '--destination-port'], value: 'port' }, { names: ['--syn'] }],
    },
    { name: 'conntrack', kind: 'match', options: [{ names: ['--ctstate'], value: 'text' }] },
    { name: 'MASQUERADE', kind: 'target', tables: ['nat'], hooks: ['POSTROUTING'] },
    {
      name: 'REJECT',
      kind: 'target',
      tables: ['filter'],
      options: [{ names: ['--reject-with'], value: 'choice', choices: ['tcp-reset'] }],
    },
  ],
})
const around: RuleScope = {
  family: 'ipv4',
  table: 'filter',
  chain: 'INPUT',
  chains: ['web'],
  interfaces: ['eth0', 'veth1'],
  grammar,
}
const faults = (text: string, more: Partial<RuleScope> = {}): string[] =>
  lint(text, { ...around, ...more }).map((f) => `${f.fault} ${f.word}`)
const offers = (text: string): string[] => complete(text, text.length, around).map((s) => s.text)

describe('hooks', () => {
  test('nat is met before filter on the way in, after it at the end (kernel priorities)', () => {
    for (const stops of Object.values(STOPS)) {
      const order = stops.map((s) => s.priority)
      expect(order).toEqual(order.toSorted((a, b) => a - b))
    }
    expect(STOPS.INPUT.map((s) => s.what)).toEqual(['mangle', 'filter', 'security', 'nat', 'conntrack'])
    expect(chainsOf('nat')).toEqual(['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'])
  })
  test('what does not exist has its reason', () => {
    expect(absence('raw', 'INPUT')).toBe('rawLater')
    expect(absence('nat', 'FORWARD')).toBe('natForward')
    expect(absence('filter', 'PREROUTING')).toBe('filterBefore')
    expect(absence('security', 'POSTROUTING')).toBe('filterAfter')
    expect(absence('mangle', 'FORWARD')).toBeNull()
  })
})

describe('faults stand at their word', () => {
  test('a whole rule has none', () =>
    expect(faults('-s 10.0.0.0/8 ! -i eth0 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j web')).toEqual([]))
  test.each([
    ['-p tcp --dport 99999 -j DROP', 'port 99999'],
    ['-p tcp --dport 20:10 -j DROP', 'portOrder 20:10'],
    ['--dport 80 -j DROP', 'needsProtocol --dport'],
    ['-s 10.0.300.1 -j DROP', 'address 10.0.300.1'],
    ['-s fd00::1 -j DROP', 'family fd00::1'],
    ['-p tcp foo -j DROP', 'stray foo'],
    ['-j WEB', 'unknownTarget WEB'],
    ['-g ACCEPT', 'unknownTarget ACCEPT'],
    ['-m nothere -j DROP', 'unknownMatch nothere'],
    ['-m conntrack --ctstat NEW -j DROP', ''],
    ['-m conntrack --state NEW -j DROP', 'unknownOption --state'],
    ['-m conntrack --ctstate NEU -j DROP', 'ctstate NEU'],
    ['-o eth0 -j DROP', 'noOutput -o'],
    ['-j DROP -j ACCEPT', 'twice -j'],
    ['-p tcp --dport', 'noValue --dport'],
    ['-m comment --comment "a', 'openQuote a'],
  ])('%s', (text, fault) => {
    const found = faults(text).filter((f) => !f.includes('comment'))
    expect(found[0] ?? '').toBe(fault)
  })
})

describe('completion', () => {
  test.each([
    ['', '-p'],
    ['-i ', 'eth0'],
    ['-i v', 'veth1'],
    ['-p ', 'tcp'],
    ['-m co', 'conntrack'],
    ['-m conntrack ', '--ctstate'],
    ['-m conntrack --ctstate NEW,EST', 'ESTABLISHED'],
    ['-j ', 'web'],
    ['-j RE', 'REJECT'],
    ['-j REJECT ', '--reject-with'],
    ['-j REJECT --reject-with ', 'tcp-reset'],
    ['-p tcp --d', '--dport'],
  ])('%j offers %s', (text, expected) => expect(offers(text)).toContain(expected))
  test('a target of another table is not offered', () => expect(offers('-j ')).not.toContain('MASQUERADE'))
  test('in a list only what stands behind the comma is replaced', () => {
    const text = '--ctstate NEW,EST'
    const found = complete(`-m conntrack ${text}`, 30, around).find((s) => s.text === 'ESTABLISHED')
    expect(found).toMatchObject({ start: 27, end: 30 })
  })
})

describe('sentences', () => {
  const names = {
    address: (text: string) => (text.startsWith('10.0.1.2') ? 'ns1' : undefined),
    beyond: (name: string) => (name === 'veth1' ? 'ns0' : undefined),
  }
  const say = (text: string): string => sentence(text, useSentenceTexts.now(), names, (name) => name === 'web')
  test.each([
    ['-i veth1 -p tcp -m tcp --dport 80 -j DROP', 'drop TCP coming from ns0 (veth1) to port 80'],
    ['-j ACCEPT', 'accept everything'],
    ['-p udp -j ACCEPT', 'accept all UDP'],
    [
      '-s 10.0.1.0/24 -j MASQUERADE',
      'change the source of packets from 10.0.1.0/24 to the address of the outgoing interface',
    ],
    ['-p tcp --dport 80 -j DNAT --to-destination 10.0.1.2:80', 'change the destination of TCP to port 80 to ns1:80'],
    ['-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', 'accept packets of established or related connections'],
    ['-p icmp -m icmp --icmp-type 8 -m limit --limit 5/min -j ACCEPT', 'accept pings at most 5 per minute'],
    ['-j web', 'check everything in web'],
    ['-m weird --odd 1 -j DROP', 'drop packets with --odd 1'],
    ['-j TTL --ttl-set 64', 'set the TTL of everything to 64'],
    ['', 'count everything and continue'],
    ['-j CONNMARK --set-xmark 0x1/0xffffffff', 'mark the connection of everything with 0x1'],
    [
      '-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff',
      'save the mark of everything to their connection',
    ],
    [
      '-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xffffffff',
      'save the mark of everything to their connection (--nfmask 0xff)',
    ],
    ['-m connmark --mark 0x1 -j DROP', 'drop packets of connections marked 0x1'],
    ['-m connmark ! --mark 0x1 -j DROP', 'drop packets not of connections marked 0x1'],
    ['-m mark --mark 0x1 -j DROP', 'drop packets marked 0x1'],
    ['-j MARK --set-xmark 0x1/0x3', 'in the mark of everything, clear the bits 0x3, then flip the bits 0x1'],
    ['-j MARK --or-mark 0x1', 'pass everything to MARK (--or-mark 0x1)'],
    ['! -p tcp -j DROP', 'drop all traffic other than TCP'],
    ['! -p tcp -s 10.0.0.1 -j DROP', 'drop traffic other than TCP from 10.0.0.1'],
    ['-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP', 'drop TCP that do not open a connection'],
    ['-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP', 'drop TCP that open a connection (SYN)'],
    ['-j NOTRACK', 'leave everything untracked'],
    ['-p udp -j CT --notrack', 'leave all UDP untracked'],
    ['-j HL --hl-set 3', 'set the hop limit of everything to 3'],
    ['-p tcp -j RETURN', 'return all TCP to the calling chain'],
  ])('%s', (text, expected) => expect(say(text)).toBe(expected))
  test('at the end of a built-in chain is its policy', () => {
    const said = sentence('-p tcp -j RETURN', useSentenceTexts.now(), names, () => false, true)
    expect(said).toBe('leave all TCP to the policy of this chain')
  })
  test('in Chinese', () => {
    language.set('zh-Hant')
    expect(say('! -p tcp -j DROP')).toBe('丟棄所有非 TCP 封包')
    expect(say('-m connmark --mark 0x1 -j DROP')).toBe('丟棄屬於標記為 0x1 的連線的封包')
    expect(say('-j NOTRACK')).toBe('讓所有封包不受連線追蹤')
    expect(say('-i veth1 -p tcp -m tcp --dport 80 -j DROP')).toBe(
      '丟棄由 ns0 進來（veth1）、目的連接埠為 80 的 TCP 封包',
    )
    expect(say('-j ACCEPT')).toBe('接受所有封包')
    language.set('en')
  })
})
