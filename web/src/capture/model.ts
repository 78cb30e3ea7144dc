import { type CaptureLive, withDefaults } from '@/protocol'
import type { Session } from '@/store'
import { Value } from '@/ui'
import { countFrames, fromBase64 } from './frames'
import type { Answers, Ask, Question, Reply } from './messages'
import type { Counts } from './store'

export const NO_COUNTS: Counts = { kept: 0, shown: 0, error: null }

/** One capture in this page: frames are fetched when the server announces them, and stored by a worker. */
export class CaptureModel {
  readonly counts = new Value<Counts>(NO_COUNTS)
  /** Counts up when other frames may stand in the same lines. */
  readonly version = new Value(0)
  private readonly worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  private readonly pending = new Map<number, (answer: never) => void>()
  private readonly session: Session
  private readonly capture: string
  private readonly off: () => void
  private ids = 0
  private after = 0
  private reading = false
  private closed = false

  constructor(session: Session, live: CaptureLive) {
    this.session = session
    this.capture = live.capture
    this.worker.onmessage = (event: MessageEvent<Reply>) => this.replied(event.data)
    void this.update({ do: 'reset', interfaces: live.interfaces.map((i) => i.interface) })
    this.off = session.lab.live.subscribe(`capture:${live.capture}`, () => void this.read())
    void this.read()
  }

  close(): void {
    this.closed = true
    this.off()
    this.worker.terminate()
  }

  ask<K extends Ask['do']>(ask: Ask & { do: K }): Promise<Answers[K]> {
    this.ids += 1
    const question: Question = { ...(ask as Ask), id: this.ids }
    return new Promise((resolve) => {
      this.pending.set(question.id, resolve as (answer: never) => void)
      this.worker.postMessage(question, question.do === 'add' ? [question.bytes.buffer] : [])
    })
  }

  async filter(source: string): Promise<void> {
    await this.update({ do: 'filter', source })
  }

  private async update(ask: Extract<Ask, { do: 'reset' | 'add' | 'filter' }>): Promise<void> {
    this.counts.set(await this.ask(ask))
    this.version.update((n) => n + 1)
  }

  private replied(reply: Reply): void {
    const resolve = this.pending.get(reply.id)
    this.pending.delete(reply.id)
    resolve?.(reply.answer as never)
  }

  private live(): Required<CaptureLive> | undefined {
    const record = this.session.lab.live.get(`capture:${this.capture}`)
    return record?.kind === 'capture' ? withDefaults(record) : undefined
  }

  /** Fetches new frames, one request at a time: a slow page asks less often. */
  private async read(): Promise<void> {
    if (this.reading || this.closed) return
    this.reading = true
    try {
      while (!this.closed && (this.live()?.frames ?? 0) > this.after) await this.piece()
    } catch {
      // the connection was lost, or the capture is gone: its record says so, and `read` comes again with the next change
    } finally {
      this.reading = false
    }
  }

  private async piece(): Promise<void> {
    const lab = this.session.current.get() ?? ''
    const asked = { type: 'read-capture' as const, lab, capture: this.capture, after: this.after }
    const frames = await this.session.connection.request<'read-capture'>(asked).done
    const bytes = fromBase64(frames.data)
    this.after = Math.max(this.after, frames.first + countFrames(bytes) - 1)
    await this.update({ do: 'add', first: frames.first, bytes, oldest: this.live()?.first ?? 1 })
  }
}
