import { type ComponentType, Suspense, useRef, useState } from 'react'
import type { Running } from '@/connection'
import { Needs, traceThis, useEditor } from '@/editor'
import type { AnyItem, Ask, Journey, PingDone, Remedy } from '@/protocol'
import { Button, Dialog, Field, Input, Select, useValue } from '@/ui'
import { Refused, said, styles } from './parts'
import { usePanelTexts } from './texts'

type Line = { key: number; text: string; error: boolean }

/** Shows what became of a packet, or would, and what may help, after which it is sent again. */
export type PredictionView = ComponentType<{
  journey: Journey
  remedies: readonly Remedy[]
  again: (ask: Ask | null) => void
}>

interface Props {
  source?: string | undefined
  target?: string | undefined
  Prediction: PredictionView
}

/** Real ICMP from inside a namespace: replies as they come, and why they do not. */
export function PingDialog({ source, target, Prediction }: Props) {
  const t = usePanelTexts()
  const editor = useEditor()
  const scene = useValue(editor.lab.scene)
  const names = [...scene.namespaces.keys()]
  const [from, setFrom] = useState(source ?? names.find((n) => n !== 'host') ?? 'host')
  const [to, setTo] = useState(target ?? '')
  const [count, setCount] = useState('4')
  const [lines, setLines] = useState<readonly Line[]>([])
  const [done, setDone] = useState<PingDone>()
  const [error, setError] = useState<string>()
  const running = useRef<Running<PingDone> | null>(null)
  const [busy, setBusy] = useState(false)
  const close = (): void => {
    running.current?.cancel()
    editor.dialog.set(null)
  }
  const item = (one: AnyItem): void => {
    if (one.item !== 'reply' && one.item !== 'note') return
    const line =
      one.item === 'reply'
        ? {
            text: `${one.bytes} bytes from ${one.source}: icmp_seq=${one.sequence} ttl=${one.ttl} time=${one.time_ms} ms`,
            error: false,
          }
        : {
            text: one.sequence == null ? one.text : `icmp_seq=${one.sequence}: ${one.text}`,
            error: one.error !== false,
          }
    setLines((all) => [...all, { ...line, key: all.length }])
  }
  const start = async (): Promise<void> => {
    setLines([])
    setDone(undefined)
    setError(undefined)
    setBusy(true)
    const lab = editor.session.current.get() ?? ''
    const request = editor.session.connection.request<'ping'>(
      { type: 'ping', lab, source: from, target: to, count: /^\d+$/.test(count) ? Number(count) : 4 },
      item,
    )
    running.current = request
    try {
      const end = await request.done
      setDone(end)
      if (end.received > 0) editor.pinged.update((n) => n + 1)
    } catch (reason) {
      setError(said(reason))
    } finally {
      setBusy(false)
    }
  }
  const trace = (ask: Ask): void => {
    close()
    traceThis(editor, ask)
  }
  const lost = done?.ask && done.received < done.sent ? done.ask : null
  return (
    <Dialog
      title={t.ping}
      onClose={close}
      onSubmit={() => void start()}
      wide
      footer={
        busy ? (
          <Button onClick={() => running.current?.cancel()}>{t.stop}</Button>
        ) : (
          <>
            {lost && (
              <Needs>
                <Button onClick={() => trace(lost)}>{t.traceThis}</Button>
              </Needs>
            )}
            <Button type="submit" variant="primary" disabled={!to}>
              {t.ping}
            </Button>
          </>
        )
      }
    >
      <div className={styles.fields}>
        <Field label={t.source}>
          {(ids) => (
            <Select {...ids} value={from} onChange={(e) => setFrom(e.target.value)}>
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t.target} hint={t.targetHint}>
          {(ids) => (
            <Input {...ids} mono list="ping-targets" autoFocus value={to} onChange={(e) => setTo(e.target.value)} />
          )}
        </Field>
        <datalist id="ping-targets">
          {names.map((name) => (
            <option key={name} value={name} />
          ))}
          {[...scene.interfaces.keys()].map((ref) => (
            <option key={ref} value={ref} />
          ))}
        </datalist>
        <Field label={t.count}>
          {(ids) => <Input {...ids} mono value={count} onChange={(e) => setCount(e.target.value)} />}
        </Field>
      </div>
      {(lines.length > 0 || busy) && (
        <pre className={styles.code} role="log" aria-label={t.replies} style={{ marginTop: 12 }}>
          {lines.map((line) => (
            <div key={line.key} style={line.error ? { color: 'var(--problem)' } : undefined}>
              {line.text}
            </div>
          ))}
          {busy && lines.length === 0 && t.waiting}
        </pre>
      )}
      {done && (
        <p role="status" style={{ marginTop: 8 }}>
          {t.pingResult(done.sent, done.received)}
        </p>
      )}
      {done?.journey && (
        <div className={styles.reason}>
          <Suspense>
            <Prediction
              journey={done.journey}
              remedies={done.remedies ?? []}
              again={(ask) => (ask ? trace(ask) : void start())}
            />
          </Suspense>
        </div>
      )}
      <Refused text={error} />
    </Dialog>
  )
}
