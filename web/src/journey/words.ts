import type { Hop, Packet, RuleAt, Verdict } from '@/protocol'
import type { JourneyTexts, RewrittenField } from './texts'

/** The messages of errno values (strerror(3)). */
const ERRORS: Readonly<Record<number, string>> = {
  1: 'Operation not permitted',
  13: 'Permission denied',
  18: 'Invalid cross-device link',
  22: 'Invalid argument',
  90: 'Message too long',
  99: 'Cannot assign requested address',
  100: 'Network is down',
  101: 'Network is unreachable',
  111: 'Connection refused',
  113: 'No route to host',
}

export const errorWords = (errno: number): string => ERRORS[errno] ?? `errno ${errno}`

/** `filter/FORWARD`. */
export const placeOfRule = (rule: RuleAt): string => `${rule.table}/${rule.chain}`

const socket = (address: string, port: number | undefined): string => {
  if (!port) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

const hasPorts = (p: Packet): boolean => p.protocol === 'tcp' || p.protocol === 'udp'

/** `ICMP 10.0.0.1 → 10.0.0.2, TTL 64`, `TCP 10.0.0.1:4711 → 10.0.0.2:80 [S]`: the field's own notation, in every language. */
export function packetWords(p: Packet): string {
  const name = (p.protocol ?? '').toUpperCase()
  if (p.protocol === 'arp') return `ARP ${p.src ?? ''} ${p.type === 1 ? '?' : '→'} ${p.dst ?? ''}`
  const [src, dst] = hasPorts(p) ? [socket(p.src ?? '', p.sport), socket(p.dst ?? '', p.dport)] : [p.src, p.dst]
  return [`${name} ${src || '?'} → ${dst ?? ''}`, p.flags ? `[${p.flags}]` : '', p.ttl ? `TTL ${p.ttl}` : '']
    .filter(Boolean)
    .join(' ')
}

/** What was rewritten between two sightings of a packet: the field, its value before, its value after. */
export function changesOf(
  before: Packet,
  after: Packet,
): readonly (readonly [field: RewrittenField, from: string, to: string])[] {
  const out: [RewrittenField, string, string][] = []
  const ends = (p: Packet): [string, string] => [socket(p.src ?? '', p.sport), socket(p.dst ?? '', p.dport)]
  const [a, b] = [ends(before), ends(after)]
  if (a[0] !== b[0]) out.push(['src', a[0], b[0]])
  if (a[1] !== b[1]) out.push(['dst', a[1], b[1]])
  if ((before.ttl ?? 0) !== (after.ttl ?? 0)) out.push(['TTL', String(before.ttl ?? 0), String(after.ttl ?? 0)])
  if ((before.echo ?? 0) !== (after.echo ?? 0)) out.push(['id', String(before.echo ?? 0), String(after.echo ?? 0)])
  if ((before.length ?? 0) !== (after.length ?? 0)) {
    out.push(['length', String(before.length ?? 0), String(after.length ?? 0)])
  }
  return out
}

function chainWords(t: JourneyTexts, hop: Hop): string {
  if (!hop.rule) return t.hookSilent(hop.hook ?? '')
  const place = placeOfRule(hop.rule)
  const passed = hop.passed?.length ?? 0
  const outcome = t.outcome(hop.outcome ?? 'continue', hop.target ?? '')
  const what = hop.rule.number ? t.rule(hop.rule.number) : hop.outcome === 'return' ? t.endOfChain : t.policy
  return t.chain(place, what, outcome, passed)
}

function routeWords(t: JourneyTexts, hop: Hop): string {
  if (hop.errno) return t.routeRefused(errorWords(hop.errno))
  if (hop.note === 'local') return t.routeLocal(hop.route ?? '')
  return t.route(hop.route ?? '', hop.via ?? '', hop.dev ?? '')
}

/** A hop as one plain sentence, with what it rewrote. */
export function hopWords(t: JourneyTexts, hop: Hop): string {
  const changes = hop.packet && hop.after ? changesOf(hop.packet, hop.after) : []
  return [sentence(t, hop), ...changes.map((change) => t.rewritten(...change))].join(t.and)
}

function sentence(t: JourneyTexts, hop: Hop): string {
  const packet = hop.packet ? packetWords(hop.packet) : ''
  switch (hop.kind) {
    case 'send':
      return t.send(packet)
    case 'answer':
      return t.answer(packet)
    case 'error':
      return t.error(packet)
    case 'route':
      return routeWords(t, hop)
    case 'chain':
      return chainWords(t, hop)
    case 'nat':
      return t.nat
    case 'neighbour':
      if (!hop.mac) return (hop.asked ? t.neighbourSilent : t.neighbourWanted)(hop.address ?? '', hop.dev ?? '')
      return hop.asked ? t.neighbourAsked(hop.address ?? '', hop.mac) : t.neighbourKnown(hop.address ?? '', hop.mac)
    case 'out':
      return t.out(hop.dev ?? '')
    case 'in':
      return t.in(hop.dev ?? '')
    case 'bridge':
      return (hop.flooded ? t.flooded : t.switched)(hop.dev ?? '', hop.mac ?? '', (hop.ports ?? []).join(', '))
    case 'deliver':
      return t.deliver
    case 'receive':
      return t.receive
    case 'unknown':
      return hop.note ?? ''
  }
}

/** A rule of ip-rule(8), or a route of a type that refuses, says no: there is not just no route. */
export const isRefused = ({ note = '' }: Verdict): boolean => /^(ip rule |a \w+ route )/.test(note)

/** The verdict as a sentence. */
export function verdictWords(t: JourneyTexts, verdict: Verdict): string {
  const rule = verdict.rule
  const place = rule ? placeOfRule(rule) : ''
  const where = verdict.namespace ? t.where(verdict.namespace) : ''
  const [dev, address] = [verdict.dev ?? '', verdict.address ?? '']
  const words: Record<Verdict['cause'], () => string> = {
    delivered: () => t.delivered,
    running: () => t.running,
    'dropped-by-rule': () => t.droppedByRule(rule?.number ?? 0, place),
    'dropped-by-policy': () => t.droppedByPolicy(place),
    'rejected-by-rule': () => t.rejectedByRule(rule?.number ?? 0, place),
    'no-route': () => (isRefused(verdict) ? t.routingRefuses(address) : t.noRoute(address)),
    'neighbour-silent': () => t.noNeighbour(address, dev),
    'interface-down': () => t.interfaceDown(dev),
    'no-carrier': () => t.noCarrier(dev),
    'no-wire': () => t.noWire(dev),
    'not-forwarded': () =>
      t.notForwarded(address.includes(':') ? 'net.ipv6.conf.all.forwarding' : 'net.ipv4.ip_forward'),
    'reverse-path': () => t.reversePath(address, dev),
    'ttl-exceeded': () => t.ttlExceeded,
    'too-big': () => t.tooBig(dev, verdict.mtu ?? 0),
    'port-blocked': () => t.portBlocked(dev),
    'vlan-filtered': () => t.vlanFiltered(dev),
    'nobody-listens': () => t.nobodyListens,
    'no-answer': () => t.noAnswer,
    'answer-not-taken': () => t.answerNotTaken,
    'foreign-rules': () => t.foreignRules,
    refused: () => t.refused(errorWords(verdict.errno ?? 0)),
    unknown: () => t.unknown,
  }
  const lost = verdict.leg === 'reply' && verdict.cause !== 'delivered' && verdict.cause !== 'running'
  const said = words[verdict.cause]()
  const whole = t.verdict(lost ? t.answerLost(said) : said, where, verdict.note ?? '')
  return verdict.inferred ? t.inferred(whole) : whole
}

/** What a prediction takes for granted (`topology.journey.predict` names them), in the language of now; as it came where it is another. */
export function assumptionWords(t: JourneyTexts, text: string): string {
  for (const [pattern, words] of ASSUMED) {
    const found = pattern.exec(text)
    if (found) return words(t, ...found.slice(1))
  }
  return text
}

/** The assumptions that have words in each language, and their words, which take what the pattern finds. */
const ASSUMED: readonly (readonly [RegExp, (t: JourneyTexts, ...parts: string[]) => string])[] = [
  [
    /^something listens on (\w+) port (\d+) in (.+)$/,
    (t, protocol = '', port = '', ns = '') => t.listens(protocol, port, ns),
  ],
  [
    /^the socket of (.+) at (\w+) port (\d+) of IPv6/,
    (t, ns = '', protocol = '', port = '') => t.takesIpv4(ns, protocol, port),
  ],
  [/^rp_filter of (.+) is (\d+), the namespace's default$/, (t, ref = '', value = '') => t.rpFilter(ref, value)],
  [
    /^(.+) does not know the MAC address of (.+) from before$/,
    (t, ref = '', address = '') => t.macUnknown(ref, address),
  ],
  [/^(.+) lets (?:it|ARP) pass$/, (t, what = '') => t.letsPass(what)],
  [
    /^(.+) is set to hairpin and sends (.+) its own frames back/,
    (t, port = '', bridge = '') => t.reflects(port, bridge),
  ],
  [
    /^(.+) has no entry in its FDB for what sends by (.+), which/,
    (t, bridge = '', port = '') => t.lockedOut(bridge, port),
  ],
  [/^rules treat all fragments/, (t) => t.fragmentsAlike],
  [/^policy routing \(ip rule\)/, (t) => t.marksUnseen],
  [/^-m limit:/, (t) => t.limitUnreached],
]
