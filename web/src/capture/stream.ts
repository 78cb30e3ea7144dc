import { type Dissection, dissect } from './dissect'

/** A piece of a conversation, as one end sent it. */
export interface Piece {
  /** From the end that the conversation's first frame came from. */
  first: boolean
  bytes: Uint8Array
  /** Bytes that were not captured before this piece. */
  missing: number
}

/** A stream: both ends (`address port`), and their data in order. */
export interface Conversation {
  protocol: string
  ends: readonly [string, string]
  pieces: readonly Piece[]
}

/** Bytes of a conversation that are shown at most. */
export const MOST = 4 << 20

/** The bytes of one direction of a TCP stream put in order: what comes again is left out, what is missing is counted. */
class Direction {
  private next: number | null = null

  take(sequence: number, bytes: Uint8Array, syn: boolean): { bytes: Uint8Array; missing: number } | null {
    const start = syn ? (sequence + 1) >>> 0 : sequence
    if (this.next === null) this.next = start
    // sequence numbers go round (RFC 9293, section 3.4)
    const ahead = (start - this.next) | 0
    if (ahead + bytes.length <= 0 || bytes.length === 0) return null
    const fresh = ahead < 0 ? bytes.subarray(-ahead) : bytes
    this.next = (start + bytes.length) >>> 0
    return { bytes: fresh, missing: Math.max(0, ahead) }
  }
}

const tcpFlag = (d: Dissection, key: string): boolean =>
  d.layers.some((l) => l.fields.some((f) => f.key === key && f.value === 1))

/** The conversation that `frames[index]` belongs to; null where it belongs to none. Out-of-order segments are put in order. */
export function follow(frames: readonly Uint8Array[], index: number): Conversation | null {
  const chosen = frames[index]
  const flow = chosen && dissect(chosen).flow
  if (!flow) return null
  const [protocol = '', a = '', aPort = '', b = '', bPort = ''] = flow.key.split(' ')
  const found = frames.map((bytes) => ({ bytes, d: dissect(bytes) })).filter(({ d }) => d.flow?.key === flow.key)
  const firstForward = found[0]?.d.flow?.forward ?? true
  const directions = [new Direction(), new Direction()] as const
  const pieces: Piece[] = []
  let total = 0
  for (const { bytes, d } of protocol === 'tcp' ? inOrder(found) : found) {
    if (!d.flow || total >= MOST) continue
    const payload = bytes.subarray(...d.flow.payload)
    const first = d.flow.forward === firstForward
    const piece =
      protocol === 'tcp'
        ? directions[first ? 0 : 1].take(d.flow.sequence, payload, tcpFlag(d, 'tcp.flags.syn'))
        : payload.length > 0
          ? { bytes: payload, missing: 0 }
          : null
    if (piece) {
      pieces.push({ first, ...piece })
      total += piece.bytes.length
    }
  }
  const ends: [string, string] = [`${a} ${aPort}`, `${b} ${bPort}`]
  return { protocol, ends: firstForward ? ends : [ends[1], ends[0]], pieces }
}

type Found = { bytes: Uint8Array; d: Dissection }

/** Segments that overtook one another change places: each is moved before those of its direction that come after it in the stream. */
function inOrder(found: readonly Found[]): Found[] {
  const out: Found[] = []
  for (const one of found) {
    let at = out.length
    for (let i = out.length - 1; i >= 0 && out.length - i < 64; i -= 1) {
      const other = out[i]?.d.flow
      if (other?.forward !== one.d.flow?.forward) continue
      if (other && one.d.flow && ((one.d.flow.sequence - other.sequence) | 0) < 0) at = i
      else break
    }
    out.splice(at, 0, one)
  }
  return out
}
