import type { Difference, Hop, Journey, Remedy } from '@/protocol'

/** A trace of this session, with its prediction. */
export interface TraceResult {
  key: string
  journey: Journey
  predicted: Journey | null
  differences: readonly Difference[]
  /** It is complete. */
  ended: boolean
  /** What may help where the packet was lost. */
  remedies: readonly Remedy[]
  /** Where it came from, if not from this server: whoever made it may have written anything. */
  from?: Origin
}

/** A file or a link that somebody made, and what it says of itself. */
export interface Origin {
  by: 'link' | 'file'
  lab: string
  at: string
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
