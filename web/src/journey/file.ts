import type { Difference, Journey } from '@/protocol'
import type { Leg, Origin, TraceResult } from './model'

/** A journey as a file (`topology.journey.saved.SavedJourney`), without the records that the server's own files hold. */
interface Saved {
  vethboard_journey: number
  lab: string
  at: string
  journey: Journey
  predicted?: Journey | null
  differences?: readonly Difference[]
}

const VERSION = 2
/** What version 1 called the legs. */
const LEGS_OF_1: Readonly<Record<string, Leg>> = { there: 'original', back: 'reply' }
/** Bytes of a link that browsers, servers and chat programs still pass on whole. */
const LINK_MOST = 16000
/** Bytes that a link may unpack to. */
const UNPACKED_MOST = 8 << 20

export function toSaved(traced: TraceResult, lab: string, at: Date): Saved {
  const { journey, predicted, differences } = traced
  return {
    vethboard_journey: VERSION,
    lab,
    at: at.toISOString(),
    journey,
    ...(predicted ? { predicted, differences } : {}),
  }
}

/** Raises where the text is no journey. What comes back says that this server has not seen it. */
export function fromSaved(text: string, by: Origin['by'] = 'file'): Omit<TraceResult, 'key'> {
  const value = JSON.parse(text) as Partial<Saved> | null
  const { vethboard_journey: version, journey } = value ?? {}
  if ((version !== 1 && version !== VERSION) || !Array.isArray(journey?.hops) || !journey?.verdict || !journey.probe) {
    throw new SyntaxError('no journey')
  }
  const now = version === 1 ? legsOf1 : (one: Journey): Journey => one
  const predicted = value?.predicted ? now(value.predicted) : null
  const from: Origin = { by, lab: words(value?.lab), at: words(value?.at) }
  return { journey: now(journey), predicted, differences: value?.differences ?? [], ended: true, remedies: [], from }
}

/** What somebody wrote, if it is a short text. */
const words = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 64) : '')

/** A journey of version 1, with the legs as they are called now. */
function legsOf1(journey: Journey): Journey {
  const renamed = <T extends { leg?: string }>(part: T): T =>
    part.leg === undefined ? part : { ...part, leg: LEGS_OF_1[part.leg] ?? part.leg }
  return { ...journey, hops: journey.hops.map(renamed), verdict: renamed(journey.verdict) }
}

async function through(bytes: BodyInit, stream: CompressionStream): Promise<Uint8Array> {
  const { body } = new Response(bytes)
  return new Uint8Array(body ? await new Response(body.pipeThrough(stream)).arrayBuffer() : [])
}

/** Raises where that would be too much. */
async function unpacked(bytes: BodyInit): Promise<Uint8Array> {
  const { body } = new Response(bytes)
  if (!body) return new Uint8Array()
  const reader = body.pipeThrough(new DecompressionStream('deflate-raw')).getReader()
  const pieces: Uint8Array[] = []
  let size = 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length
    if (size > UNPACKED_MOST) {
      await reader.cancel()
      throw new RangeError('too long')
    }
    pieces.push(next.value)
  }
  const whole = new Uint8Array(size)
  pieces.reduce((at, piece) => {
    whole.set(piece, at)
    return at + piece.length
  }, 0)
  return whole
}

/** The fragment of an address that holds the whole journey; null where that would be too long. */
export async function toFragment(saved: Saved): Promise<string | null> {
  const packed = await through(JSON.stringify(saved), new CompressionStream('deflate-raw'))
  const text = btoa(Array.from(packed, (b) => String.fromCharCode(b)).join(''))
  const safe = text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
  return safe.length > LINK_MOST ? null : `journey=${safe}`
}

/** Raises where the fragment holds no journey. */
export async function fromFragment(fragment: string): Promise<Omit<TraceResult, 'key'>> {
  const text = fragment
    .replace(/^#?journey=/, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
  return fromSaved(new TextDecoder().decode(await unpacked(bytes)), 'link')
}
