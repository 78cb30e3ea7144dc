/** Connections as conntrack(8) shows them, and what NAT made of them. */

import type { Connection, Tuple } from '@/protocol'

/** An end of a connection: address, and port or ICMP id. */
export interface End {
  address: string
  port: string
}

/** How a connection's first direction looks to who sends it, and to who receives it; the same where nothing is translated. */
export interface Translation {
  before: { from: End; to: End }
  after: { from: End; to: End }
  snat: boolean
  dnat: boolean
}

const end = (address: string, port: number | null | undefined): End => ({
  address,
  port: port == null ? '' : String(port),
})
const same = (a: End, b: End): boolean => a.address === b.address && a.port === b.port

const fromOf = (t: Tuple): End => end(t.source, t.source_port)
const toOf = (t: Tuple): End => end(t.destination, t.destination_port)

/** The reply's direction turned round is the original as it was sent on. */
export function translation({ original, reply }: Pick<Connection, 'original' | 'reply'>): Translation {
  const before = { from: fromOf(original), to: toOf(original) }
  const after = { from: toOf(reply), to: fromOf(reply) }
  return { before, after, snat: !same(before.from, after.from), dnat: !same(before.to, after.to) }
}

export const endText = ({ address, port }: End): string =>
  port === '' ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** All words that a connection can be found by. */
export function wordsOf(c: Connection): string {
  const { before, after, snat, dnat } = translation(c)
  const ends = [before.from, before.to, after.from, after.to].map(endText)
  const nat = [snat ? 'snat' : '', dnat ? 'dnat' : '']
  return [c.protocol, c.state ?? '', ...ends, ...(c.flags ?? []), ...nat, `mark ${c.mark ?? 0}`].join(' ').toLowerCase()
}
