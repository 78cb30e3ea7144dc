import { expect, test } from 'vitest'
import { animatedSvg, diagramOf, framesOf } from '@/journey/diagram'
import { fromFragment, fromSaved, toFragment, toSaved } from '@/journey/file'
import { askAgain, askOf, emptyForm, fits, formOf, isReady, timingOf } from '@/journey/form'
import { hopGroups } from '@/journey/model'
import { remedyWords } from '@/journey/remedies'
import { useRemedyTexts as remedyTexts } from '@/journey/remedyTexts'
import { transcript } from '@/journey/SaveMenu'
import { useJourneyTexts } from '@/journey/texts'
import { changesOf, hopWords, packetWords, verdictWords } from '@/journey/words'
import type { Cause, Hop, Journey, Packet, Verdict } from '@/protocol'

const packet: Packet = {
  protocol: 'tcp',
  src: '10.0.0.1',
  dst: '10.0.0.9',
  sport: 4711,
  dport: 80,
  flags: 'S',
  ttl: 64,
}
const rule = {
  namespace: 'r',
  family: 'ipv4' as const,
  table: 'filter',
  chain: 'FORWARD',
  number: 2,
  text: '-p tcp -j DROP',
}
const hops: Hop[] = [
  { kind: 'send', namespace: 'a', at: 0, packet },
  { kind: 'route', namespace: 'a', route: 'default', via: '10.0.0.254', dev: 'eth0' },
  { kind: 'out', namespace: 'a', dev: 'eth0', at: 20 },
  { kind: 'in', namespace: 'r', dev: 'eth0', at: 26 },
  {
    kind: 'chain',
    namespace: 'r',
    hook: 'prerouting',
    rule: { ...rule, table: 'nat', chain: 'PREROUTING', number: 1 },
    outcome: 'accept',
    packet,
    after: { ...packet, dst: '10.0.1.2', dport: 8080 },
  },
  { kind: 'chain', namespace: 'r', hook: 'forward', rule, outcome: 'drop', passed: [{ ...rule, number: 1 }], at: 40 },
]
const journey: Journey = {
  probe: { source: 'a', target: '10.0.0.9', protocol: 'tcp', namespace: 'a', address: '10.0.0.9', nonce: 'ab' },
  hops,
  verdict: { cause: 'dropped-by-rule', namespace: 'r', rule, hop: 5 },
}
const traced = { key: 'j1', journey, predicted: null, differences: [], remedies: [], ended: true }
const t = useJourneyTexts.now()

test('hops are sentences', () => {
  expect(hops.map((hop) => hopWords(t, hop))).toEqual([
    'Sends TCP 10.0.0.1:4711 → 10.0.0.9:80 [S] TTL 64',
    'Routing: default via 10.0.0.254 dev eth0',
    'Sent on eth0',
    'Received on eth0',
    'nat/PREROUTING: rule 1, accepted; destination 10.0.0.9:80 → 10.0.1.2:8080',
    'filter/FORWARD: rule 2, dropped (after 1 rule that did not match)',
  ])
  expect(packetWords({ protocol: 'udp', src: 'fd00::1', sport: 5, dst: 'fd00::2', dport: 53 })).toBe(
    'UDP [fd00::1]:5 → [fd00::2]:53',
  )
})

test('what NAT rewrote', () => {
  expect(changesOf(packet, { ...packet, dst: '10.0.1.2', dport: 8080, ttl: 63 })).toEqual([
    ['dst', '10.0.0.9:80', '10.0.1.2:8080'],
    ['TTL', '64', '63'],
  ])
})

test('every cause has words', () => {
  const causes: Cause[] = [
    'delivered',
    'running',
    'dropped-by-rule',
    'dropped-by-policy',
    'rejected-by-rule',
    'no-route',
    'neighbour-silent',
    'interface-down',
    'no-carrier',
    'no-wire',
    'not-forwarded',
    'reverse-path',
    'ttl-exceeded',
    'too-big',
    'port-blocked',
    'vlan-filtered',
    'nobody-listens',
    'no-answer',
    'refused',
    'unknown',
  ]
  const said = causes.map((cause) => verdictWords(t, { cause, namespace: 'r', rule }))
  expect(new Set(said).size).toBe(causes.length)
  expect(said[2]).toBe('Dropped by rule 2 of filter/FORWARD in r')
  expect(verdictWords(t, { cause: 'dropped-by-rule', leg: 'reply', rule })).toContain('the reply was lost')
  expect(verdictWords(t, { cause: 'port-blocked', inferred: true })).toMatch(/^As far as known from the lab’s settings/)
})

test('hops stand under the namespace where they happened', () => {
  expect(hopGroups(hops).map((s) => [s.namespace, s.hops.length])).toEqual([
    ['a', 3],
    ['r', 3],
  ])
})

test('a saved journey and a shared one come back', async () => {
  const saved = toSaved(traced, 'lab', new Date(0))
  expect(fromSaved(JSON.stringify(saved)).journey).toEqual(journey)
  const fragment = await toFragment(saved)
  expect((await fromFragment(`#${fragment}`)).journey).toEqual(journey)
  expect(() => fromSaved('{"vethboard": 1}')).toThrow(SyntaxError)
  expect(() => fromSaved('{"vethboard_journey": 2}')).toThrow(SyntaxError)
  expect(() => fromSaved(JSON.stringify({ ...saved, vethboard_journey: 3 }))).toThrow(SyntaxError)
})

test('a file of version 1 names the legs otherwise', () => {
  const old = {
    ...journey,
    hops: [...hops, { kind: 'receive', namespace: 'a', leg: 'back' }],
    verdict: { cause: 'no-route', leg: 'back', namespace: 'r' },
  }
  const file = { vethboard_journey: 1, lab: '', at: '', journey: old, predicted: old }
  const { journey: read, predicted } = fromSaved(JSON.stringify(file))
  expect(read.hops.map((h) => h.leg)).toEqual([...hops.map(() => undefined), 'reply'])
  expect(read.verdict.leg).toBe('reply')
  expect(predicted).toEqual(read)
})

test('whatever is lost has a remedy', () => {
  const from = (verdict: Verdict): string => remedyWords(remedyTexts.now(), verdict)
  expect(from({ cause: 'dropped-by-rule', rule })).toContain('rule 2 of filter/FORWARD')
  expect(from({ cause: 'not-forwarded', namespace: 'r', address: '10.0.0.9' })).toBe(
    'Set net.ipv4.ip_forward to 1 in r.',
  )
  expect(from({ cause: 'no-route', object: 'route:a/10.0.0.0/8' })).toBe('Delete that route.')
  expect(from({ cause: 'refused', errno: 99, dev: 'eth0' })).toBe('Give eth0 an address.')
  expect(from({ cause: 'delivered' })).toBe('')
})

test('the transcript has every step and the verdict', () => {
  const text = transcript(t, traced)
  expect(text.split('\n')).toHaveLength(hops.length + 2 + 2)
  expect(text).toContain('Dropped by rule 2 of filter/FORWARD in r')
})

test('the picture is well-formed and says what the steps say', () => {
  const { points, lanes } = diagramOf(journey)
  expect(lanes.map((l) => l.name)).toEqual(['a', 'r'])
  expect(points.filter((p) => p.drop)).toHaveLength(1)
  const svg = animatedSvg(
    journey,
    hops.map((hop) => `<${hopWords(t, hop)}>`),
    'Dropped & gone',
  )
  const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml')
  expect(parsed.querySelector('parsererror')).toBeNull()
  expect(parsed.querySelectorAll('animate').length).toBe(hops.length + 1 + 2)
})

test('only what was filled in, and what this kind of probe has, is asked', () => {
  const form = { ...emptyForm('a', ' b '), texts: { port: '443', ttl: '3' } }
  expect(askOf(form)).toEqual({ source: 'a', target: 'b', protocol: 'icmp', ttl: 3 })
  expect(askOf({ ...form, kind: 'tcp', texts: { port: '443', size: '9' } })).toEqual({
    source: 'a',
    target: 'b',
    protocol: 'tcp',
    port: 443,
  })
  const dns = { ...form, kind: 'dns' as const, through: 'eth0', texts: { name: 'x.lab', tos: '0xb8', count: '2' } }
  expect(isReady({ ...dns, texts: {} })).toBe(false)
  expect(isReady(dns)).toBe(true)
  const ask = { source: 'a/eth0', target: 'b', protocol: 'udp', request: 'dns', name: 'x.lab', tos: 184 } as const
  expect(askOf(dns)).toEqual(ask)
  expect(timingOf(dns)).toEqual({ count: 2 })
  expect(askOf(formOf(ask))).toEqual(ask)
  expect(askAgain({ ...ask, ttl: null })).toEqual(ask)
})

test.each([
  ['tos', '256', false],
  ['tos', '0xff', true],
  ['mark', '4294967296', false],
  ['port', '0', false],
  ['size', '1.5', false],
  ['interval', '0.5', true],
  ['count', 'x', false],
  ['ttl', '', true],
] as const)('%s %s', (name, text, fit) => {
  const form = { ...emptyForm('a', 'b'), texts: { [name]: text } }
  expect(fits(form, name)).toBe(fit)
})

test('as single pictures: bounded, the packet on its way between the steps, the verdict at last and longest', () => {
  const one: Journey = {
    probe: { source: 'a', target: 'b', namespace: 'a', address: 'b' },
    hops,
    verdict: { cause: 'delivered' },
  }
  const said = hops.map((_, i) => `step ${i}`)
  const animation = framesOf(one, said, 'Delivered')
  expect(animation.frames).toBe((hops.length - 1) * 6 + 2)
  const y = (at: number): number =>
    Number(/r="8"/.test(animation.frame(at)) && /cy="([\d.]+)" r="8"/.exec(animation.frame(at))?.[1])
  expect(y(3)).toBeCloseTo((y(0) + y(6)) / 2)
  expect(animation.frame(6)).toContain('step 1')
  expect(animation.frame(animation.frames - 1)).toMatch(/Delivered<\/text>/)
  expect(animation.delay(animation.frames - 1)).toBe(2700)
  const long = framesOf({ ...one, hops: Array.from({ length: 1000 }, () => hops[0] as Hop) }, [], '')
  expect(long.frames).toBeLessThanOrEqual(242)
  expect(long.frame(long.frames - 2)).toContain('r="8"')
})

test('a trace out of a link or a file says that this server has not seen it', async () => {
  const traced = { key: 'k', journey, predicted: null, differences: [], ended: true, remedies: [] }
  const saved = toSaved(traced, 'lesson', new Date('2026-05-04T08:15:30Z'))
  const fragment = await toFragment({ ...saved, lab: 'l'.repeat(1000) })
  expect(fromSaved(JSON.stringify(saved)).from).toEqual({ by: 'file', lab: 'lesson', at: '2026-05-04T08:15:30.000Z' })
  expect((await fromFragment(`#${fragment}`)).from).toEqual({
    by: 'link',
    lab: 'l'.repeat(64),
    at: '2026-05-04T08:15:30.000Z',
  })
})

test('a link that unpacks to very much is refused', async () => {
  const saved = toSaved(
    { key: '', journey, predicted: null, differences: [], ended: true, remedies: [] },
    ' '.repeat(9 << 20),
    new Date(0),
  )
  const { body } = new Response(JSON.stringify(saved))
  const packed = new Uint8Array(
    await new Response(body?.pipeThrough(new CompressionStream('deflate-raw'))).arrayBuffer(),
  )
  const text = btoa(Array.from(packed, (byte) => String.fromCharCode(byte)).join(''))
  await expect(fromFragment(`#journey=${text.replaceAll('+', '-').replaceAll('/', '_')}`)).rejects.toThrow(RangeError)
})
