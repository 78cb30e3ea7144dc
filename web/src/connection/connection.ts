import type { Answer, AnyItem, Delta, LabsEvent, Notice, Problem, StreamItem } from '@/protocol'
import { Value } from '@/ui/value'
import { pack, unpack } from './frames'
import { type Asked, type Kind, LostError, ProblemError, type Result } from './results'
import type { Wire, WireState } from './socket'
import { useConnectionTexts } from './texts'

/** A pending request. `cancel` asks the server to end it (`ping`, `exec`); the answer still arrives. */
export interface Running<R> {
  id: string
  done: Promise<R>
  cancel(): void
}

/** Bytes both ways (protocol/frames.py). */
export interface Channel {
  number: number
  send(stream: number, bytes: Uint8Array): void
  close(): void
}

export interface Listener {
  delta(delta: Delta): void
  labs(event: LabsEvent): void
  notice(notice: Notice): void
}

interface Pending {
  resolve(result: unknown): void
  reject(error: Error): void
  item: ((item: AnyItem) => void) | undefined
}

/** Requests and their answers over a wire; each request gets exactly one answer, or `LostError`. */
export class Connection {
  readonly state = new Value<WireState>('connecting')
  private readonly pending = new Map<string, Pending>()
  private readonly channels = new Map<number, (stream: number, bytes: Uint8Array) => void>()
  private readonly wire: Wire
  private readonly listener: Listener
  private count = 0

  constructor(wire: Wire, listener: Listener) {
    this.wire = wire
    this.listener = listener
  }

  /** Start listening. Not done by the constructor so that the listener can hold the connection. */
  start(): void {
    this.wire.listen(
      (event, payload) => (typeof payload === 'string' ? this.receive(event, payload) : this.frame(payload)),
      (state) => this.changed(state),
    )
  }

  request<K extends Kind>(asked: Asked<K>, onItem?: (item: AnyItem) => void): Running<Result<K>> {
    this.count += 1
    const id = `w${this.count}`
    const done = new Promise<Result<K>>((resolve, reject) => {
      if (this.state.get() !== 'open') {
        reject(new LostError(false))
        return
      }
      const text = JSON.stringify({ ...asked, id })
      if (isTooLong(text)) {
        reject(new ProblemError(tooLong()))
        return
      }
      this.pending.set(id, { resolve: (result) => resolve(result as Result<K>), reject, item: onItem })
      this.wire.send('request', text)
    })
    return { id, done, cancel: () => this.cancel(id) }
  }

  close(): void {
    this.wire.close()
  }

  private cancel(target: string): void {
    if (!this.pending.has(target)) return
    // Where it has just ended the server answers that there is no such request: nothing to say.
    this.request<'cancel'>({ type: 'cancel', target }).done.catch(() => undefined)
  }

  /** A channel for the bytes of a terminal; it is lost when the connection is. */
  channel(onFrame: (stream: number, bytes: Uint8Array) => void): Channel {
    this.count += 1
    const number = this.count
    this.channels.set(number, onFrame)
    return {
      number,
      send: (stream, bytes) => this.state.get() === 'open' && this.wire.send('terminal', pack(number, stream, bytes)),
      close: () => this.channels.delete(number),
    }
  }

  private frame(frame: ArrayBuffer): void {
    const { channel, stream, bytes } = unpack(frame)
    this.channels.get(channel)?.(stream, bytes)
  }

  private receive(event: string, text: string): void {
    const message: unknown = JSON.parse(text)
    if (event === 'answer') this.answered(message as Answer)
    else if (event === 'stream') this.pending.get((message as StreamItem).id)?.item?.((message as StreamItem).item)
    else if (event === 'delta') this.listener.delta(message as Delta)
    else if (event === 'labs') this.listener.labs(message as LabsEvent)
    else if (event === 'notice') this.listener.notice(message as Notice)
  }

  private answered(answer: Answer): void {
    const pending = this.pending.get(answer.id)
    if (!pending) return
    this.pending.delete(answer.id)
    if (answer.problem) pending.reject(new ProblemError(answer.problem))
    else pending.resolve(answer.result)
  }

  private changed(state: WireState): void {
    this.state.set(state)
    if (state === 'open') return
    const lost = [...this.pending.values()]
    this.pending.clear()
    this.channels.clear()
    for (const pending of lost) pending.reject(new LostError())
  }
}

/** As `MAX_REQUEST_BYTES` of protocol/limits.py: for a longer message the server would end the connection. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024

const isTooLong = (text: string): boolean =>
  text.length > MAX_REQUEST_BYTES || (text.length > MAX_REQUEST_BYTES / 3 && new Blob([text]).size > MAX_REQUEST_BYTES)

function tooLong(): Problem {
  const t = useConnectionTexts.now()
  return { code: 'limit', message: t.tooLong(MAX_REQUEST_BYTES / 1024 / 1024), hint: t.splitIt }
}
