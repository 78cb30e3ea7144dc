import { useState } from 'react'
import { useEditor, useEditorTexts } from '@/editor'
import { interfaceId, nameOf, namespaceOf } from '@/protocol'
import { useCanvasTexts } from '../texts/canvas'
import { Choice, NameField, NamespaceField } from './AddDialogs'
import { Ask, ask } from './Ask'

/** Another namespace for an interface: what dragging its end does. */
export function MoveDialog({ subject }: { subject: string }) {
  const t = useCanvasTexts()
  const et = useEditorTexts()
  const editor = useEditor()
  const [namespace, setNamespace] = useState(namespaceOf(subject))
  const make = async (): Promise<void> => {
    const label = et.moved(nameOf(subject), namespace)
    await ask(editor, [{ do: 'move-interface', interface: subject, namespace }], label)
    editor.select([interfaceId(`${namespace}/${nameOf(subject)}`)])
  }
  const stays = namespace === namespaceOf(subject)
  return (
    <Ask title={t.moveTitle(subject)} text={t.moveText} verb={t.move} disabled={stays} make={make}>
      <NamespaceField label={t.toNamespace} value={namespace} onChange={setNamespace} />
    </Ask>
  )
}

/** The bridge that an interface is a port of. */
export function MasterDialog({ subject }: { subject: string }) {
  const t = useCanvasTexts()
  const et = useEditorTexts()
  const editor = useEditor()
  const { namespaces, interfaces } = editor.lab.scene.get()
  const [bridge, setBridge] = useState(interfaces.get(subject)?.master ?? '')
  const bridges = namespaces.get(namespaceOf(subject))?.bridges ?? []
  const make = (): Promise<void> => {
    const master = bridge === '' ? null : nameOf(bridge)
    const label = bridge === '' ? et.released(nameOf(subject)) : et.plugged(nameOf(subject), bridge)
    return ask(editor, [{ do: 'set-interface', interface: subject, changes: { master } }], label)
  }
  const options = [['', t.noBridge] as const, ...bridges.map(({ ref }) => [ref, nameOf(ref)] as const)]
  return (
    <Ask title={t.masterTitle(subject)} verb={t.apply} make={make}>
      <Choice label={t.bridge} value={bridge} onChange={setBridge} options={options} />
    </Ask>
  )
}

export function RenameDialog({ subject }: { subject: string }) {
  const t = useCanvasTexts()
  const et = useEditorTexts()
  const editor = useEditor()
  const [name, setName] = useState(nameOf(subject))
  const namespace = namespaceOf(subject)
  const make = async (): Promise<void> => {
    const label = et.renamed(subject, name)
    await ask(editor, [{ do: 'move-interface', interface: subject, namespace, name }], label)
    editor.select([interfaceId(`${namespace}/${name}`)])
  }
  const disabled = name === '' || name === nameOf(subject)
  return (
    <Ask title={t.renameTitle(subject)} verb={t.rename} disabled={disabled} make={make}>
      <NameField name={name} onChange={setName} label={t.newName} />
    </Ask>
  )
}
