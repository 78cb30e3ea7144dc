import { useCallback, useEffect, useRef, useState } from 'react'
import type { Running } from '@/connection'
import { type Editor, useEditor } from '@/editor'
import type { AnyItem, Ask, Remedy, RuleAt, Trace, Traced, Watched } from '@/protocol'
import type { TraceResult } from './model'

const KEPT = 50

export interface WatchFilter {
  host: string
  port: string
  protocol: 'icmp' | 'udp' | 'tcp' | ''
}

/** How often, and when, in seconds. */
export type Timing = Partial<Pick<Trace, 'count' | 'interval' | 'wait'>>

export interface Tracing {
  all: readonly TraceResult[]
  current: string | null
  busy: 'trace' | 'predict' | 'watch' | null
  /** Of the watch that runs, or ran last: packets that were traced, and that were left out. */
  sampled: { traced: number; skipped: number } | null
  choose(key: string): void
  add(traced: Omit<TraceResult, 'key'>): void
  trace(ask: Ask, timing?: Timing): Promise<void>
  predict(ask: Ask, without?: readonly RuleAt[]): Promise<void>
  watch(filter: WatchFilter): Promise<void>
  stop(): void
}

/** The journeys of this visit, newest last, and how others come. */
export function useTracing(): Tracing {
  const editor = useEditor()
  const [all, setAll] = useState<readonly TraceResult[]>([])
  const [current, choose] = useState<string | null>(null)
  const [busy, setBusy] = useState<Tracing['busy']>(null)
  const [sampled, setSampled] = useState<Tracing['sampled']>(null)
  const running = useRef<Running<unknown> | null>(null)
  const count = useRef(0)
  // leaving ends the session, with its taps and rules
  useEffect(() => () => running.current?.cancel(), [])

  const put = useCallback((traced: TraceResult) => {
    setAll((now) => {
      const rest = now.filter((t) => t.key !== traced.key)
      const at = now.findIndex((t) => t.key === traced.key)
      return at < 0 ? [...now.slice(1 - KEPT), traced] : [...rest.slice(0, at), traced, ...rest.slice(at)]
    })
  }, [])
  const fresh = useCallback(() => {
    count.current += 1
    return `j${count.current}`
  }, [])
  const run = useCallback(
    async (what: NonNullable<Tracing['busy']>, work: () => Promise<void>) => {
      setBusy(what)
      try {
        await work()
      } catch (error) {
        editor.fail(error)
      } finally {
        running.current = null
        setBusy(null)
      }
    },
    [editor],
  )

  return {
    all,
    current,
    busy,
    sampled,
    choose,
    add: (traced) => {
      const key = fresh()
      put({ ...traced, key })
      choose(key)
    },
    trace: (ask, timing = {}) =>
      run('trace', async () => {
        const kept: Kept = { keys: new Map(), helps: new Map() }
        const asked = lab(editor, { type: 'trace' as const, ask, ...timing })
        const request = editor.session.connection.request<'trace'>(asked, (item) =>
          took(item, kept, fresh, put, choose),
        )
        running.current = request
        finish(await request.done, kept, fresh, put, choose)
      }),
    predict: (ask, without = []) =>
      run('predict', async () => {
        const asked = lab(editor, { type: 'predict' as const, ask, without: [...without] })
        const { journey, remedies = [] } = await editor.session.connection.request<'predict'>(asked).done
        const key = fresh()
        put({ key, journey, predicted: null, differences: [], ended: true, remedies })
        choose(key)
      }),
    watch: (filter) =>
      run('watch', async () => {
        const kept: Kept = { keys: new Map(), helps: new Map() }
        const asked = lab(editor, {
          type: 'watch' as const,
          hosts: filter.host.trim() ? [filter.host.trim()] : [],
          port: filter.port.trim() ? Number(filter.port) : null,
          protocol: filter.protocol || null,
        })
        // the first one is shown; a selected one is not replaced by the next
        const first = (key: string): void => void (kept.keys.size === 1 && choose(key))
        setSampled({ traced: 0, skipped: 0 })
        const request = editor.session.connection.request<'watch'>(asked, (item) => {
          took(item, kept, fresh, put, first)
          if (item.item === 'journey') setSampled({ traced: item.number, skipped: item.skipped ?? 0 })
        })
        running.current = request
        const done: Watched = await request.done
        setSampled({ traced: done.journeys, skipped: done.skipped ?? 0 })
      }),
    stop: () => running.current?.cancel(),
  }
}

const lab = <T extends object>(editor: Editor, asked: T): T & { lab: string } => ({
  ...asked,
  lab: editor.session.current.get() ?? '',
})

type Put = (traced: TraceResult) => void

/** Of a running request: its traces by their numbers, and what may help against the loss of each. */
interface Kept {
  keys: Map<number, string>
  helps: Map<string, readonly Remedy[]>
}

/** A trace as far as it is known: it replaces the earlier one with the same number. */
function took(
  item: AnyItem,
  { keys, helps }: Kept,
  fresh: () => string,
  put: Put,
  choose: (key: string) => void,
): void {
  if (item.item !== 'journey') return
  const known = keys.get(item.number)
  const key = known ?? fresh()
  keys.set(item.number, key)
  const { journey, ended = false, remedies = [] } = item
  if (ended) helps.set(key, remedies)
  put({ key, journey, predicted: null, differences: [], ended, remedies })
  if (known === undefined) choose(key)
}

/** The answer contains all complete traces, and the prediction for the first. */
function finish(
  done: Traced,
  { keys, helps }: Kept,
  fresh: () => string,
  put: Put,
  choose: (key: string) => void,
): void {
  done.journeys.forEach((journey, i) => {
    const key = keys.get(i + 1) ?? fresh()
    const first = i === 0
    put({
      key,
      journey,
      predicted: first ? done.predicted : null,
      differences: first ? done.differences : [],
      ended: true,
      remedies: helps.get(key) ?? [],
    })
    if (i === done.journeys.length - 1) choose(key)
  })
}
