import { useState } from 'react'
import { freeName, namesIn, useEditor, useEditorTexts } from '@/editor'
import { type AnyInterface, HOST, interfaceId, type Macvlan, nameOf } from '@/protocol'
import type { Scene } from '@/store'
import { useCanvasTexts } from '../texts/canvas'
import { Choice, NameField, NamespaceField } from './AddDialogs'
import { Ask, ask } from './Ask'
import { Text } from './LinkDialog'

type Mode = NonNullable<Macvlan['mode']>
const MODES: readonly Mode[] = ['bridge', 'private', 'vepa', 'passthru']

/** A new interface on top of a parent: VXLAN or macvlan. */
export function InterfaceDialog(props: {
  which: 'vxlan' | 'macvlan'
  namespace: string | undefined
  parent: string | undefined
}) {
  const { which } = props
  const t = useCanvasTexts()
  const et = useEditorTexts()
  const editor = useEditor()
  const scene = editor.lab.scene.get()
  const [namespace, setNamespace] = useState(props.namespace ?? HOST)
  const [typed, setName] = useState<string | null>(null)
  const [chosen, setParent] = useState<string | null>(props.parent ? nameOf(props.parent) : null)
  const [mode, setMode] = useState<Mode>('bridge')
  const [vni, setVni] = useState('100')
  const [remote, setRemote] = useState('')
  const [local, setLocal] = useState('')
  const parents = parentsIn(scene, namespace)
  const fallback = which === 'macvlan' ? (parents[0] ?? '') : ''
  const parent = chosen !== null && parents.includes(chosen) ? chosen : fallback
  const name = typed ?? freeName(which, namesIn(scene, namespace))
  const record = (): AnyInterface => {
    const under = parent === '' ? {} : { parent: `${namespace}/${parent}` }
    if (which === 'macvlan') return { kind: 'macvlan', namespace, name, parent: `${namespace}/${parent}`, mode }
    const ends = { ...(remote === '' ? {} : { remote }), ...(local === '' ? {} : { local }) }
    return { kind: 'vxlan', namespace, name, vni: Number(vni), ...under, ...ends }
  }
  const make = async (): Promise<void> => {
    await ask(editor, [{ do: 'add-interface', interface: record() }], et.added(`${namespace}/${name}`))
    editor.select([interfaceId(`${namespace}/${name}`)])
  }
  const vxlan = which === 'vxlan'
  const disabled = name === '' || (vxlan ? vni === '' : parent === '')
  const options = [...(vxlan || parents.length === 0 ? [['', t.noParent] as const] : []), ...parents.map(pair)]
  return (
    <Ask
      title={vxlan ? t.vxlanTitle : t.macvlanTitle}
      text={vxlan ? t.vxlanText : t.macvlanText}
      verb={t.add}
      disabled={disabled}
      make={make}
    >
      <NameField name={name} onChange={setName} />
      <NamespaceField label={t.inNamespace} value={namespace} onChange={setNamespace} />
      {vxlan && <Text label={t.vni} value={vni} digits onChange={setVni} />}
      {vxlan && <Text label={t.remote} value={remote} hint={t.remoteHint} onChange={setRemote} />}
      {vxlan && <Text label={t.local} value={local} onChange={setLocal} />}
      <Choice label={t.parent} value={parent} options={options} onChange={setParent} />
      {!vxlan && <Choice label={t.mode} value={mode} options={MODES.map(pair)} onChange={setMode} />}
    </Ask>
  )
}

const pair = <T extends string>(value: T): readonly [T, string] => [value, value]

/** The interfaces that another may stand on. */
function parentsIn(scene: Scene, namespace: string): string[] {
  return [...scene.interfaces.values()]
    .filter((i) => i.namespace === namespace && i.kind !== 'loopback' && i.kind !== 'macvlan')
    .map((i) => i.name)
}
