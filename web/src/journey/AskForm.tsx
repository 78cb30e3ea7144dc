import { type FormEvent, useState } from 'react'
import { Needs, useEditor } from '@/editor'
import { PROBE_KINDS, type ProbeKind, type ProbeNumber, type ProbeText } from '@/protocol'
import { Button, Field, Input, Select, usePart } from '@/ui'
import { askOf, type Form, isReady, optionsOf, timingOf } from './form'
import styles from './Journey.module.css'
import { MoreOptions, NumberField } from './MoreOptions'
import { useProbeTexts } from './probeTexts'
import { useJourneyTexts } from './texts'
import type { Tracing } from './useTracing'

/** Options that stand beside the kind of the probe; the others are under "more". */
const FIRST: readonly (ProbeNumber | ProbeText)[] = ['port', 'name']

/** What is sent, and from where to where. */
export function AskForm({ tracing, form, onForm }: { tracing: Tracing; form: Form; onForm: (form: Form) => void }) {
  const editor = useEditor()
  const t = useJourneyTexts()
  const p = useProbeTexts()
  const scene = usePart(editor.lab.scene, (s) => s)
  const [more, setMore] = useState(false)
  const set = (change: Partial<Form>): void => onForm({ ...form, ...change })
  const ready = isReady(form)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (ready) void tracing.trace(askOf(form), timingOf(form))
  }
  const names = [...scene.namespaces.keys()]
  const first = optionsOf(form.kind).filter((o) => o.type !== 'switch' && FIRST.includes(o.name))
  return (
    <form className={styles.form} onSubmit={submit} aria-label={t.form} noValidate>
      <Field label={t.source}>
        {(ids) => (
          <Select {...ids} value={form.source} onChange={(e) => set({ source: e.target.value, through: '' })}>
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
          <Select {...ids} value={form.kind} onChange={(e) => set({ kind: e.target.value as ProbeKind })}>
            {PROBE_KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {p.kind(kind)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {first.map((option) =>
        option.type === 'number' ? (
          <NumberField key={option.name} name={option.name} form={form} set={set} />
        ) : (
          <NameField key={option.name} form={form} set={set} />
        ),
      )}
      <button type="button" className={styles.more} aria-expanded={more} onClick={() => setMore(!more)}>
        {t.more}
      </button>
      {more && <MoreOptions form={form} set={set} hidden={FIRST} />}
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

/** What a request asks for. */
function NameField({ form, set }: { form: Form; set: (change: Partial<Form>) => void }) {
  const p = useProbeTexts()
  const dns = form.kind === 'dns'
  return (
    <Field label={dns ? p.domain : p.path}>
      {(ids) => (
        <Input
          mono
          {...ids}
          placeholder={dns ? 'www.example.com' : '/'}
          value={form.texts.name ?? ''}
          onChange={(e) => set({ texts: { ...form.texts, name: e.target.value } })}
        />
      )}
    </Field>
  )
}
