import { useState } from 'react'
import { addNamespace, type Point, proposedNamespace, useEditor } from '@/editor'
import { Field, Input, Select } from '@/ui'
import { useCanvasTexts } from '../texts/canvas'
import { Ask } from './Ask'

/** A new namespace: its proposed name is selected, so that Enter takes it and typing replaces it. */
export function NamespaceDialog({ at }: { at: Point | undefined }) {
  const t = useCanvasTexts()
  const editor = useEditor()
  const [name, setName] = useState(() => proposedNamespace(editor))
  return (
    <Ask title={t.namespaceTitle} verb={t.add} disabled={name === ''} make={() => addNamespace(editor, name, at)}>
      <NameField name={name} onChange={setName} />
    </Ask>
  )
}

/** The name of something new; it has the focus. */
export function NameField({
  name,
  onChange,
  label,
}: {
  name: string
  onChange: (name: string) => void
  label?: string
}) {
  const t = useCanvasTexts()
  return (
    <Field label={label ?? t.name}>
      {(ids) => (
        <Input
          {...ids}
          mono
          autoFocus
          value={name}
          onFocus={(event) => event.target.select()}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

export function NamespaceField(props: { label: string; value: string; onChange: (name: string) => void }) {
  const editor = useEditor()
  const names = [...editor.lab.scene.get().namespaces.keys()]
  return <Choice {...props} options={names.map((name) => [name, name])} />
}

/** A choice among values; each has a label. */
export function Choice<T extends string>({
  label,
  value,
  hint,
  options,
  onChange,
}: {
  label: string
  value: T
  hint?: string | undefined
  options: readonly (readonly [T, string])[]
  onChange: (value: T) => void
}) {
  return (
    <Field label={label} hint={hint}>
      {(ids) => (
        <Select {...ids} value={value} onChange={(event) => onChange(event.target.value as T)}>
          {options.map(([key, text]) => (
            <option key={key} value={key}>
              {text}
            </option>
          ))}
        </Select>
      )}
    </Field>
  )
}
