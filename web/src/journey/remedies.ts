import type { Verdict } from '@/protocol'
import type { useRemedyTexts } from './remedyTexts'
import { isRefused, placeOfRule } from './words'

const EADDRNOTAVAIL = 99

type RemedyTexts = ReturnType<typeof useRemedyTexts.now>

function noRoute(t: RemedyTexts, verdict: Verdict): string {
  const { object = '', address = '', namespace = '' } = verdict
  if (object.startsWith('route:')) return t.refusingRoute
  if (isRefused(verdict)) return t.refusingRule
  return /martian|link-local/.test(verdict.note ?? '') ? '' : t.route(address, namespace) // such are never routed
}

/** What may help against a loss; empty where nothing can be said. The command line says the same (`topology.journey.words.remedy`). */
export function remedyWords(t: RemedyTexts, verdict: Verdict): string {
  const { rule, namespace = '', dev = '', address = '', note } = verdict
  const place = rule ? placeOfRule(rule) : ''
  const byRule = (): string => t.rule(place, rule?.number ?? 0)
  const words: Partial<Record<Verdict['cause'], () => string>> = {
    'dropped-by-rule': byRule,
    'rejected-by-rule': byRule,
    'dropped-by-policy': () => t.policy(place),
    'no-route': () => noRoute(t, verdict),
    'neighbour-silent': () => t.neighbour(address, dev),
    'interface-down': () => t.up(dev, namespace),
    'no-carrier': () => t.carrier(dev),
    'no-wire': () => t.wire(address, namespace),
    'not-forwarded': () =>
      t.forwarding(address.includes(':') ? 'net.ipv6.conf.all.forwarding' : 'net.ipv4.ip_forward', namespace),
    'reverse-path': () => t.reversePath(address, dev, namespace),
    'ttl-exceeded': () => t.ttl,
    'too-big': () => t.mtu(dev),
    'port-blocked': () => t.port,
    'vlan-filtered': () => t.vlan(dev),
    'foreign-rules': () => t.foreign,
    'nobody-listens': () => t.listen(namespace),
    'no-answer': () => (note ? t.ignores : ''),
    refused: () => (verdict.errno === EADDRNOTAVAIL && dev ? t.address(dev) : ''),
  }
  return words[verdict.cause]?.() ?? ''
}
