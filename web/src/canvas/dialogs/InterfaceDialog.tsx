import { useState } from 'react'
import { addInterface, type FormValues, filledIn, proposedName, useEditor } from '@/editor'
import { useFormTexts, useKindTexts } from '@/kinds'
import { HOST, isChosenOnce, KINDS, type Kind, type KindField, type KindSpec } from '@/protocol'
import { useCanvasTexts } from '../texts/canvas'
import { NameField, NamespaceField } from './AddDialogs'
import { Ask } from './Ask'
import styles from './InterfaceDialog.module.css'
import { KindControl } from './KindControl'

/** A new interface of a kind. What can be changed later is folded away; `lower` is the interface that it is to be made on. */
export function InterfaceDialog({
  which,
  namespace: inside,
  lower,
}: {
  which: Kind
  namespace: string | undefined
  lower: string | undefined
}) {
  const t = useCanvasTexts()
  const ft = useFormTexts()
  const names = useKindTexts()
  const editor = useEditor()
  const scene = editor.lab.scene.get()
  const spec: KindSpec = KINDS[which]
  const [namespace, setNamespace] = useState(inside ?? HOST)
  const [typed, setName] = useState<string | null>(null)
  const [values, setValues] = useState<FormValues>(() => valuesOn(spec, lower))
  const name = typed ?? proposedName(scene, which, namespace, values)
  const made = filledIn(scene, which, namespace, name, values)
  const control = (field: KindField) => (
    <KindControl
      key={field.name}
      spec={spec}
      field={field}
      namespace={namespace}
      values={values}
      onChange={(value) => setValues({ ...values, [field.name]: value })}
    />
  )
  const [once, later] = [spec.fields.filter(isChosenOnce), spec.fields.filter((field) => !isChosenOnce(field))]
  return (
    <Ask
      title={ft.title(names[which])}
      text={names[`${which}.about`]}
      verb={t.add}
      disabled={made === null}
      make={async () => {
        if (made) await addInterface(editor, made)
      }}
    >
      <NameField name={name} onChange={setName} />
      <NamespaceField label={t.inNamespace} value={namespace} onChange={setNamespace} />
      {once.sort((a, b) => Number(b.required) - Number(a.required)).map(control)}
      {later.length > 0 && (
        <details className={styles.later}>
          <summary>{ft.more}</summary>
          <div>{later.map(control)}</div>
        </details>
      )}
    </Ask>
  )
}

function valuesOn(spec: KindSpec, lower: string | undefined): FormValues {
  const field = spec.fields.find((one) => one.type === 'lower')
  return field && lower !== undefined ? { [field.name]: lower } : {}
}
