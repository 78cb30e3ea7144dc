import { type ReactNode, useState } from 'react'
import { lowerOptions, useEditor } from '@/editor'
import { useFieldTexts, useFormTexts, useKindTexts } from '@/kinds'
import { type AnyInterface, type Json, KINDS, type KindField, type KindSpec, ownValue } from '@/protocol'
import { Field, Select, Switch, useValue } from '@/ui'
import { asNumber, EditText, Facts, InterfaceLink, Refused, Section, styles } from '../parts'
import { usePanelTexts } from '../texts'

type Set = (changes: Record<string, Json>, label: string) => Promise<string | undefined>
type Value = string | number | boolean | null

/** What only this kind of interface has, by its declaration. What can be changed is a control, and each change an edit. */
export function KindFields({ record, set }: { record: AnyInterface; set: Set }) {
  const names = useKindTexts()
  const spec: KindSpec = KINDS[record.kind]
  // the other end of a pair is part of the kernel state
  const fields = spec.fields.filter((field) => field.type !== 'peer')
  if (fields.length === 0) return null
  const title = useFormTexts.now().settings(names[record.kind])
  return (
    <Section title={title}>
      <Fixed record={record} fields={fields.filter((field) => !field.changeable)} />
      <Switches record={record} set={set} fields={fields.filter((f) => f.changeable && f.type === 'boolean')} />
      <div className={styles.fields}>
        {fields
          .filter((field) => field.changeable && field.type !== 'boolean')
          .map((field) => (
            <Changeable key={field.name} record={record} field={field} set={set} />
          ))}
      </div>
    </Section>
  )
}

type Several = { record: AnyInterface; fields: readonly KindField[] }

const currentValue = (record: AnyInterface, field: KindField): Value => ownValue(record, field) ?? field.default

function Fixed({ record, fields }: Several) {
  const t = usePanelTexts()
  const texts = useFieldTexts(record.kind)
  const show = (field: KindField): ReactNode => {
    const value = currentValue(record, field)
    if (field.type === 'lower' && typeof value === 'string') return <InterfaceLink ref_={value} />
    return typeof value === 'boolean' ? (value ? t.on : t.off) : value
  }
  if (fields.length === 0) return null
  return (
    <div className={styles.fixed}>
      <Facts rows={fields.map((field) => [texts(field).label, show(field)] as const)} />
    </div>
  )
}

function Switches({ record, fields, set }: Several & { set: Set }) {
  const t = usePanelTexts()
  const texts = useFieldTexts(record.kind)
  const [error, setError] = useState<string>()
  if (fields.length === 0) return null
  return (
    <div className={styles.switches} style={{ marginBottom: 10 }}>
      {fields.map((field) => {
        const { label } = texts(field)
        return (
          <Switch
            key={field.name}
            label={label}
            checked={currentValue(record, field) === true}
            onChange={async (value) => setError(await set({ [field.name]: value }, t.changed(record.name, label)))}
          />
        )
      })}
      <Refused text={error} />
    </div>
  )
}

function Changeable({ record, field, set }: { record: AnyInterface; field: KindField; set: Set }) {
  const t = usePanelTexts()
  const { label, hint } = useFieldTexts(record.kind)(field)
  const [error, setError] = useState<string>()
  const value = String(currentValue(record, field) ?? '')
  const commit = (text: string): Promise<string | undefined> => {
    const nothing = text === '' && field.nullable
    const typed = field.type === 'number' ? asNumber(text) : text
    return set({ [field.name]: nothing ? null : typed }, t.changed(record.name, label))
  }
  if (field.type === 'number' || field.type === 'text' || field.type === 'address') {
    const type = field.type === 'number' ? 'number' : 'text'
    return <EditText label={label} hint={hint} type={type} value={value} onCommit={commit} />
  }
  return (
    <Field label={label} hint={hint} error={error}>
      {(ids) => (
        <Select {...ids} value={value} onChange={async (e) => setError(await commit(e.target.value))}>
          <Options record={record} field={field} />
        </Select>
      )}
    </Field>
  )
}

/** The values of a choice, interfaces or namespaces. */
function Options({ record, field }: { record: AnyInterface; field: KindField }) {
  const none = useFormTexts().none
  const scene = useValue(useEditor().lab.scene)
  const choices = (): readonly string[] => {
    if (field.type === 'lower') return lowerOptions(scene, KINDS[record.kind], record.namespace)
    return field.type === 'namespace' ? [...scene.namespaces.keys()] : (field.options ?? [])
  }
  return (
    <>
      {field.nullable && <option value="">{none}</option>}
      {choices().map((one) => (
        <option key={one}>{one}</option>
      ))}
    </>
  )
}
