import { type FormEvent, useState } from 'react'
import { Needs, useEditor } from '@/editor'
import { Button, Field, Input, Select, Switch, usePart } from '@/ui'
import styles from './Journey.module.css'
import { askOf, type Form } from './model'
import { useJourneyTexts } from './texts'
import type { Tracing } from './useTracing'

/** What is sent, and from where to where. */
export function AskForm({ tracing, form, onForm }: { tracing: Tracing; form: Form; onForm: (form: Form) => void }) {
  const editor = useEditor()
  const t = useJourneyTexts()
  const scene = usePart(editor.lab.scene, (s) => s)
  const [more, setMore] = useState(false)
  const set = (change: Partial<Form>): void => onForm({ ...form, ...change })
  const ready = form.source !== '' && form.target.trim() !== ''
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (ready) void tracing.trace(askOf(form), Math.max(1, Number(form.count) || 1))
  }
  const names = [...scene.namespaces.keys()]
  const ports = form.protocol === 'udp' || form.protocol === 'tcp'
  return (
    <form className={styles.form} onSubmit={submit} aria-label={t.form}>
      <Field label={t.source}>
        {(ids) => (
          <Select {...ids} value={form.source} onChange={(e) => set({ source: e.target.value })}>
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        )}
      </Field>
      <Field label={t.target}>
        {(ids) => (
          <Input
            mono
            {...ids}
            list="journey-targets"
            placeholder={t.targetHint}
            value={form.target}
            onChange={(e) => set({ target: e.target.value })}
          />
        )}
      </Field>
      <datalist id="journey-targets">
        {[...names, ...scene.interfaces.keys()].map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Field label={t.protocol}>
        {(ids) => (
          <Select
            {...ids}
            value={form.protocol}
            onChange={(e) => set({ protocol: e.target.value as Form['protocol'] })}
          >
            {(['icmp', 'tcp', 'udp', 'arp'] as const).map((p) => (
              <option key={p} value={p}>
                {t[p]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {ports && (
        <Field label={t.port}>
          {(ids) => (
            <Input
              {...ids}
              type="number"
              min={1}
              max={65535}
              placeholder={form.protocol === 'tcp' ? '80' : '33434'}
              value={form.port}
              onChange={(e) => set({ port: e.target.value })}
            />
          )}
        </Field>
      )}
      <button type="button" className={styles.more} aria-expanded={more} onClick={() => setMore(!more)}>
        {t.more}
      </button>
      {more && <More form={form} set={set} />}
      <div className={styles.buttons}>
        {tracing.busy === 'trace' ? (
          <Button onClick={tracing.stop}>{t.tracing}</Button>
        ) : (
          <Needs>
            <Button type="submit" variant="primary" disabled={!ready || tracing.busy !== null}>
              {t.trace}
            </Button>
          </Needs>
        )}
        <Button
          title={t.predictHint}
          disabled={!ready || tracing.busy !== null}
          onClick={() => void tracing.predict(askOf(form))}
        >
          {t.predict}
        </Button>
      </div>
    </form>
  )
}

function More({ form, set }: { form: Form; set: (change: Partial<Form>) => void }) {
  const t = useJourneyTexts()
  const number = (label: string, key: 'size' | 'ttl' | 'count', max: number, hint: string) => (
    <Field label={label}>
      {(ids) => (
        <Input
          {...ids}
          type="number"
          min={key === 'size' ? 0 : 1}
          max={max}
          placeholder={hint}
          value={form[key]}
          onChange={(e) => set({ [key]: e.target.value })}
        />
      )}
    </Field>
  )
  return (
    <>
      <div className={styles.numbers}>
        {number(t.size, 'size', 65507, '56')}
        {number(t.ttl, 'ttl', 255, '64')}
        {number(t.count, 'count', 20, '1')}
      </div>
      <Switch label={t.ipv6} checked={form.ipv6} onChange={(ipv6) => set({ ipv6 })} />
      <Switch label={t.dontFragment} checked={form.dontFragment} onChange={(dontFragment) => set({ dontFragment })} />
    </>
  )
}
