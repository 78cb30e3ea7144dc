import { type FormValues, formValue, lowerOptions, nameFrom, useEditor } from '@/editor'
import { useFieldTexts, useFormTexts } from '@/kinds'
import type { KindField, KindSpec } from '@/protocol'
import { Switch } from '@/ui'
import { Choice } from './AddDialogs'
import { Text } from './LinkDialog'

/** The control for one field of a new interface, by the field's type. */
export function KindControl(props: {
  spec: KindSpec
  field: KindField
  namespace: string
  values: FormValues
  onChange: (value: string | boolean) => void
}) {
  const { spec, field, namespace, values, onChange } = props
  const editor = useEditor()
  const none = useFormTexts().none
  const { label, hint } = useFieldTexts(spec.kind)(field)
  const scene = editor.lab.scene.get()
  const value = formValue(scene, spec, namespace, values, field)
  if (field.type === 'boolean') return <Switch label={label} checked={value === true} onChange={onChange} />
  const choices = (): readonly string[] => {
    if (field.type === 'lower') return lowerOptions(scene, spec, namespace)
    return field.type === 'namespace' ? [...scene.namespaces.keys()] : (field.options ?? [])
  }
  const text = { label, hint, value: String(value), onChange }
  if (field.type === 'number' || field.type === 'text' || field.type === 'address') {
    return <Text {...text} below digits={field.type === 'number'} />
  }
  const options = choices().map((one) => [one, field.type === 'lower' ? nameFrom(namespace, one) : one] as const)
  const empty = field.required && options.length > 0 ? [] : [['', none] as const]
  return <Choice {...text} options={field.type === 'choice' ? options : [...empty, ...options]} />
}
