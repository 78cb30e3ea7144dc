import { describe, expect, test } from 'vitest'
import { ACK, Connection, INPUT, OUTPUT, pack, SCREEN, STATE, unpack, type Wire, type WireState } from '@/connection'
import { Feed } from '@/terminal/feed'

const utf8 = new TextEncoder()
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** A server with one terminal, and a screen that takes bytes when it is told to. */
function scene(problem?: { code: string; message: string }) {
  const asked: { type: string; channel?: number; id: string }[] = []
  const typed: { stream: number; bytes: Uint8Array }[] = []
  let tell: (event: string, payload: string | ArrayBuffer) => void = () => undefined
  let state: (state: WireState) => void = () => undefined
  const wire: Wire = {
    send: (_, payload) => {
      if (typeof payload !== 'string') {
        const { stream, bytes } = unpack(payload.slice().buffer as ArrayBuffer)
        typed.push({ stream, bytes })
        return
      }
      const request = JSON.parse(payload)
      asked.push(request)
      const answer = problem ? { problem } : { result: { result: 'done' } }
      queueMicrotask(() => tell('answer', JSON.stringify({ id: request.id, ...answer })))
    },
    listen: (onEvent, onState) => {
      tell = onEvent
      state = onState
      onState('open')
    },
    close: () => undefined,
  }
  const none = (): undefined => undefined
  const connection = new Connection(wire, { delta: none, labs: none, notice: none })
  connection.start()
  const shown: string[] = []
  const waiting: (() => void)[] = []
  const feed = new Feed(connection, 'demo', 't1', {
    reset: () => shown.push('<reset>'),
    write: (bytes, done) => {
      shown.push(text(bytes))
      waiting.push(done)
    },
  })
  feed.start(24, 80)
  const channel = (): number => asked.findLast((a) => a.type === 'attach-terminal')?.channel ?? -1
  const say = (stream: number, bytes: Uint8Array): void =>
    tell('terminal', pack(channel(), stream, bytes).slice().buffer as ArrayBuffer)
  const takeAll = (): void => {
    for (const done of waiting.splice(0)) done()
  }
  return { asked, typed, shown, feed, say, takeAll, channel, state: (to: WireState) => state(to) }
}

const json = (value: unknown): Uint8Array => utf8.encode(JSON.stringify(value))

describe('a feed', () => {
  test('shows the screen, then what comes, and answers only while it drives and is not replaying', () => {
    const { feed, say, shown, takeAll } = scene()
    say(STATE, json({ drives: true }))
    expect(feed.answers).toBe(true)
    say(SCREEN, utf8.encode('before'))
    expect(feed.answers).toBe(false)
    takeAll()
    expect(feed.answers).toBe(true)
    say(OUTPUT, utf8.encode(' now'))
    expect(shown).toEqual(['<reset>', 'before', ' now'])
    say(STATE, json({ rows: 40 }))
    expect(feed.answers).toBe(false)
  })

  test('says what was taken, in steps, and not before the screen took it', () => {
    const { say, typed, takeAll } = scene()
    say(SCREEN, new Uint8Array(700_000))
    expect(typed).toEqual([])
    takeAll()
    const counts = typed
      .filter((t) => t.stream === ACK)
      .map((t) => Number(new DataView(t.bytes.buffer, t.bytes.byteOffset).getBigUint64(0, true)))
    expect(counts).toEqual([262144, 524288])
  })

  test('attaches again when the connection is back, on another channel, and takes nothing of the old one', async () => {
    const { feed, state, asked, channel, shown, say } = scene()
    const first = channel()
    say(STATE, json({}))
    state('lost')
    expect(feed.now.get().kind).toBe('waiting')
    state('open')
    await Promise.resolve()
    expect(asked.filter((a) => a.type === 'attach-terminal')).toHaveLength(2)
    expect(channel()).not.toBe(first)
    say(SCREEN, utf8.encode('again'))
    expect(shown).toEqual(['<reset>', 'again'])
  })

  test('is gone where the lab has no such terminal', async () => {
    const { feed } = scene({ code: 'unknown', message: 'that terminal is gone' })
    await new Promise((resolve) => setTimeout(resolve))
    expect(feed.now.get()).toEqual({ kind: 'gone', message: 'that terminal is gone' })
  })

  test('types text as UTF-8 and bytes as they are, and detaches at its end', () => {
    const { feed, typed, asked } = scene()
    feed.type('é漢')
    feed.typeBytes('\xff\x01')
    expect(typed.map((t) => [t.stream, [...t.bytes]])).toEqual([
      [INPUT, [...utf8.encode('é漢')]],
      [INPUT, [255, 1]],
    ])
    feed.end()
    expect(asked.at(-1)?.type).toBe('detach-terminal')
  })
})
