import type { Ask, Difference, Hop, Journey } from '@/protocol'

/** A trace of this session, with its prediction. */
export interface TraceResult {
  key: string
  journey: Journey
  predicted: Journey | null
  differences: readonly Difference[]
  /** It is complete. */
  ended: boolean
}

/** The direction, as conntrack(8) names it: the packet itself, or the answer to it. */
export type Leg = NonNullable<Hop['leg']>

/** Consecutive hops in one namespace, shown under one heading. */
export interface HopGroup {
  namespace: string
  leg: Leg
  hops: readonly { hop: Hop; index: number }[]
}

/** Groups the hops, in order. */
export function hopGroups(hops: readonly Hop[]): HopGroup[] {
  const out: { namespace: string; leg: Leg; hops: { hop: Hop; index: number }[] }[] = []
  hops.forEach((hop, index) => {
    const leg = hop.leg ?? 'original'
    const last = out.at(-1)
    if (last && last.namespace === hop.namespace && last.leg === leg) last.hops.push({ hop, index })
    else out.push({ namespace: hop.namespace, leg, hops: [{ hop, index }] })
  })
  return out
}

/** The namespaces that a journey comes through, in the order in which it first does. */
export const namespacesOf = (journey: Journey): string[] => [...new Set(journey.hops.map((h) => h.namespace))]

/** The hops that were predicted and not seen, in order. */
export const missingOf = ({ predicted, differences }: TraceResult): Hop[] =>
  differences.flatMap(({ predicted: at }) => (at === undefined || at === null ? [] : (predicted?.hops[at] ?? [])))

/** Fields that say the same as their absence are left out, so that the request is what was meant. */
export function askOf(form: Form): Ask {
  const number = (text: string): number | null => (text.trim() === '' ? null : Number(text))
  const port = number(form.port)
  return {
    source: form.source,
    target: form.target.trim(),
    protocol: form.protocol,
    ...(form.ipv6 ? { ipv6: true } : {}),
    ...(port !== null && (form.protocol === 'udp' || form.protocol === 'tcp') ? { port } : {}),
    ...(form.size.trim() !== '' ? { size: Number(form.size) } : {}),
    ...(number(form.ttl) !== null ? { ttl: number(form.ttl) } : {}),
    ...(form.dontFragment ? { dont_fragment: true } : {}),
  }
}

export interface Form {
  source: string
  target: string
  protocol: 'icmp' | 'udp' | 'tcp' | 'arp'
  port: string
  size: string
  ttl: string
  count: string
  ipv6: boolean
  dontFragment: boolean
}

export const emptyForm = (source: string, target: string): Form => ({
  source,
  target,
  protocol: 'icmp',
  port: '',
  size: '',
  ttl: '',
  count: '1',
  ipv6: false,
  dontFragment: false,
})
