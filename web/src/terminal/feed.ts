/** A terminal of the lab, attached: its bytes go to the screen, what is typed goes back. Attaches again by itself. */

import {
  ACK,
  type Asked,
  type Channel,
  type Connection,
  INPUT,
  type Kind,
  LostError,
  OUTPUT,
  ProblemError,
  packCount,
  SCREEN,
  STATE,
} from '@/connection'
import type { TerminalState } from '@/protocol'
import { Value } from '@/ui'

/** What the feed needs of a screen (xterm.js). `done` is called when the bytes were processed. */
export interface Sink {
  reset(): void
  write(bytes: Uint8Array, done: () => void): void
}

/** `gone`: the lab has no such terminal (any more). */
export type FeedState = { kind: 'waiting' } | { kind: 'live'; state: TerminalState } | { kind: 'gone'; message: string }

const SLICE = 64 << 10
/** Processed bytes are acknowledged in steps of this size. */
const SAY_EACH = 256 << 10
const UNAVAILABLE_MS = 1000

const utf8 = new TextEncoder()
const decoder = new TextDecoder()

export class Feed {
  readonly now = new Value<FeedState>({ kind: 'waiting' })
  /** While true, what programs asked the terminal was asked long ago, and is not answered. */
  replaying = false
  private readonly connection: Connection
  private readonly lab: string
  private readonly terminal: string
  private readonly sink: Sink
  private channel: Channel | null = null
  private size = { rows: 24, columns: 80 }
  private taken = 0
  private said = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private stop: () => void = () => undefined

  constructor(connection: Connection, lab: string, terminal: string, sink: Sink) {
    this.connection = connection
    this.lab = lab
    this.terminal = terminal
    this.sink = sink
  }

  /** Attaches to the terminal, again whenever the connection or the lab is back. */
  start(rows: number, columns: number): void {
    this.size = { rows, columns }
    this.stop = this.connection.state.subscribe(() => this.wire())
    if (this.connection.state.get() === 'open') void this.attach()
  }

  /** No longer look at it. */
  end(): void {
    this.stop()
    clearTimeout(this.timer)
    const { channel } = this
    this.channel = null
    channel?.close()
    if (channel) this.ask<'detach-terminal'>({ type: 'detach-terminal', channel: channel.number })
  }

  /** Whether programs that ask the terminal something are answered by this screen: one does, of all that look. */
  get answers(): boolean {
    const now = this.now.get()
    return !this.replaying && now.kind === 'live' && now.state.drives === true
  }

  type(text: string): void {
    this.channel?.send(INPUT, utf8.encode(text))
  }

  /** Bytes that are no text: reports of the mouse in an old form. */
  typeBytes(bytes: string): void {
    this.channel?.send(
      INPUT,
      Uint8Array.from(bytes, (c) => c.charCodeAt(0)),
    )
  }

  /** What there is room for. */
  resize(rows: number, columns: number): void {
    if (rows === this.size.rows && columns === this.size.columns) return
    this.size = { rows, columns }
    if (this.channel)
      this.ask<'resize-terminal'>({ type: 'resize-terminal', channel: this.channel.number, rows, columns })
  }

  /** Sends a request and ignores its failure: without a connection there is nobody to report it to. */
  private ask<K extends Kind>(asked: Asked<K>): void {
    this.connection.request<K>(asked).done.catch(() => undefined)
  }

  private wire(): void {
    if (this.connection.state.get() === 'open') void this.attach()
    else this.lost()
  }

  private lost(): void {
    this.channel = null
    if (this.now.get().kind !== 'gone') this.now.set({ kind: 'waiting' })
  }

  private async attach(): Promise<void> {
    clearTimeout(this.timer)
    this.channel?.close()
    this.taken = this.said = 0
    const channel = this.connection.channel((stream, bytes) => this.channel === channel && this.frame(stream, bytes))
    this.channel = channel
    const asked = { type: 'attach-terminal' as const, lab: this.lab, terminal: this.terminal, ...this.size }
    try {
      await this.connection.request<'attach-terminal'>({ ...asked, channel: channel.number }).done
    } catch (error) {
      if (this.channel === channel) this.refused(error)
    }
  }

  private refused(error: unknown): void {
    this.channel?.close()
    this.lost()
    if (error instanceof LostError) return
    const unavailable = error instanceof ProblemError && error.problem.code === 'unavailable'
    if (unavailable) this.timer = setTimeout(() => void this.attach(), UNAVAILABLE_MS)
    else this.now.set({ kind: 'gone', message: error instanceof Error ? error.message : String(error) })
  }

  private frame(stream: number, bytes: Uint8Array): void {
    if (stream === STATE) this.setState(JSON.parse(decoder.decode(bytes)) as TerminalState)
    else if (stream === SCREEN) this.replay(bytes)
    else if (stream === OUTPUT) this.write(bytes)
  }

  private setState(state: TerminalState): void {
    if (state.lost) {
      this.channel?.close()
      this.lost()
      this.timer = setTimeout(() => void this.attach(), UNAVAILABLE_MS)
    } else this.now.set({ kind: 'live', state })
  }

  private replay(bytes: Uint8Array): void {
    this.replaying = true
    this.sink.reset()
    this.write(bytes, () => {
      this.replaying = false
    })
  }

  /** Writes in slices, so that the page stays responsive in between. */
  private write(bytes: Uint8Array, done?: () => void): void {
    const { channel } = this
    for (let at = 0; at === 0 || at < bytes.length; at += SLICE) {
      const slice = bytes.subarray(at, at + SLICE)
      this.sink.write(slice, () => {
        if (at + SLICE >= bytes.length) done?.()
        if (this.channel === channel) this.took(slice.length)
      })
    }
  }

  private took(count: number): void {
    this.taken += count
    if (this.taken - this.said < SAY_EACH) return
    this.said = this.taken
    this.channel?.send(ACK, packCount(this.taken))
  }
}
