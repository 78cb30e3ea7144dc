import { useId } from 'react'
import { useEditor } from '@/editor'
import { HOST, type ProbeNumber, type ProbeOption, type ProbeText, type TRACE_LIMITS } from '@/protocol'
import { interfaceView } from '@/store'
import { Field, Input, Select, Switch, usePart } from '@/ui'
import { DSCP, defaultOf, type Form, fits, limitsOf, optionsOf } from './form'
import styles from './Journey.module.css'
import { useProbeTexts } from './probeTexts'
import { useJourneyTexts } from './texts'

interface Props {
  form: Form
  set: (change: Partial<Form>) => void
}

/** All other options that this kind of probe has, and how often it is sent. */
export function MoreOptions({ form, set, hidden }: Props & { hidden: readonly (ProbeNumber | ProbeText)[] }) {
  const t = useJourneyTexts()
  const options = optionsOf(form.kind)
  const numbers = options.filter(
    (o): o is ProbeOption & { type: 'number' } => o.type === 'number' && !hidden.includes(o.name),
  )
  return (
    <>
      <Source form={form} set={set} address={options.some((o) => o.name === 'source_address')} />
      <div className={styles.numbers}>
        {numbers.map((option) => (
          <NumberField key={option.name} name={option.name} form={form} set={set} />
        ))}
        {(['count', 'interval', 'wait'] as const).map((name) => (
          <NumberField key={name} name={name} form={form} set={set} />
        ))}
      </div>
      <Switch label={t.ipv6} checked={form.ipv6} onChange={(ipv6) => set({ ipv6 })} />
      <Switches form={form} set={set} />
    </>
  )
}

function Switches({ form, set }: Props) {
  const p = useProbeTexts()
  return optionsOf(form.kind).map(
    (option) =>
      option.type === 'switch' && (
        <Switch
          key={option.name}
          label={p.switch(option.name)}
          checked={form.switches[option.name] ?? false}
          onChange={(on) => set({ switches: { ...form.switches, [option.name]: on } })}
        />
      ),
  )
}

/** From which interface and address of the namespace it is sent. */
function Source({ form, set, address }: Props & { address: boolean }) {
  const editor = useEditor()
  const p = useProbeTexts()
  const id = useId()
  const interfaces = usePart(editor.lab.scene, (s) => s.interfaces)
  const own = [...interfaces.values()].filter((i) => i.namespace === (form.source || HOST))
  const addresses = own.flatMap(
    (i) => interfaceView(editor.lab, i.ref)?.addresses.map((a) => a.split('/')[0] ?? a) ?? [],
  )
  return (
    <>
      <Field label={p.through}>
        {(ids) => (
          <Select {...ids} value={form.through} onChange={(e) => set({ through: e.target.value })}>
            <option value="">{p.byRouting}</option>
            {own.map((i) => (
              <option key={i.name}>{i.name}</option>
            ))}
          </Select>
        )}
      </Field>
      {address && (
        <Field label={p.sourceAddress}>
          {(ids) => (
            <Input
              mono
              {...ids}
              list={id}
              placeholder={p.automatic}
              value={form.texts.source_address ?? ''}
              onChange={(e) => set({ texts: { ...form.texts, source_address: e.target.value } })}
            />
          )}
        </Field>
      )}
      <datalist id={id}>
        {addresses.map((text) => (
          <option key={text} value={text} />
        ))}
      </datalist>
    </>
  )
}

/** A number, with the range that it has to be in. */
export function NumberField({ name, form, set }: Props & { name: ProbeNumber | keyof typeof TRACE_LIMITS }) {
  const p = useProbeTexts()
  const id = useId()
  const [least, most] = limitsOf(name)
  return (
    <Field label={p.number(name)} error={fits(form, name) ? undefined : p.range(least, most)}>
      {(ids) => (
        <>
          <Input
            mono
            {...ids}
            inputMode="numeric"
            list={name === 'tos' ? id : undefined}
            placeholder={defaultOf(name, form.kind) || p.automatic}
            value={form.texts[name] ?? ''}
            onChange={(e) => set({ texts: { ...form.texts, [name]: e.target.value } })}
          />
          {name === 'tos' && (
            <datalist id={id}>
              {DSCP.map(([tos, word]) => (
                <option key={word} value={`0x${tos.toString(16).padStart(2, '0')}`} label={word} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  )
}
