import { useState } from 'react'
import { freeAddresses, freeName, namesIn, nodesOf, partsOf, segmentOf, useEditor, useEditorTexts } from '@/editor'
import { type End, HOST, interfaceId } from '@/protocol'
import { cachedInterfaceView, type LabStore } from '@/store'
import { Button, Field, Input, Switch } from '@/ui'
import { useCanvasTexts } from '../texts/canvas'
import { Choice } from './AddDialogs'
import { Ask, ask } from './Ask'
import styles from './Ask.module.css'

/** One end as it is typed. `name` null: the proposed one. */
interface Draft {
  node: string
  name: string | null
  address: string
  mac: string
  mtu: string
  up: boolean
}

const draft = (node: string): Draft => ({ node, name: null, address: '', mac: '', mtu: '', up: true })

/** A veth pair between two nodes; names are proposed as the kernel would choose them. */
export function LinkDialog({ a, b }: { a: string | undefined; b: string | undefined }) {
  const t = useCanvasTexts()
  const et = useEditorTexts()
  const editor = useEditor()
  const nodes = nodesOf(editor.lab.scene.get())
  const [first, setFirst] = useState(() => draft(a ?? nodes.find((n) => n !== HOST) ?? HOST))
  const [second, setSecond] = useState(() => draft(b ?? other(nodes, first.node)))
  const names = proposedNames(editor.lab, first, second)
  const addresses = proposedAddresses(editor.lab, first, second)
  const make = async (): Promise<void> => {
    const ends = [endOf(first, names[0]), endOf(second, names[1])] as const
    const refs = ends.map((e) => `${e.namespace}/${e.name}`)
    await ask(editor, [{ do: 'add-link', a: ends[0], b: ends[1] }], et.linked(refs[0] ?? '', refs[1] ?? ''))
    editor.select(refs.map(interfaceId))
  }
  const disabled = names[0] === '' || names[1] === ''
  return (
    <Ask title={t.linkTitle} text={t.linkText} verb={t.create} wide disabled={disabled} make={make}>
      <div className={styles.ends}>
        <EndFields letter="A" end={first} onChange={setFirst} name={names[0]} address={addresses[0]} nodes={nodes} />
        <EndFields letter="B" end={second} onChange={setSecond} name={names[1]} address={addresses[1]} nodes={nodes} />
      </div>
    </Ask>
  )
}

const other = (nodes: readonly string[], node: string): string =>
  nodes.find((n) => n !== node && n !== HOST) ?? nodes.find((n) => n !== node) ?? HOST

/** `veth0` in each namespace if it is free; in the lab's own order, so that the two differ in one namespace. */
function proposedNames(lab: LabStore, a: Draft, b: Draft): [string, string] {
  const scene = lab.scene.get()
  const [left, right] = [partsOf(a.node).namespace, partsOf(b.node).namespace]
  // One number space for both ends: a pair reads veth0 - veth1, as `ip link add type veth` names it.
  const taken = new Set([...namesIn(scene, left), ...namesIn(scene, right)])
  const first = a.name ?? freeName('veth', b.name === null ? taken : new Set([...taken, b.name]))
  const second = b.name ?? freeName('veth', new Set([...taken, first]))
  return [first, second]
}

/** The next free addresses of the subnet that the nodes are in, for ends that are not plugged into a bridge. */
function proposedAddresses(lab: LabStore, a: Draft, b: Draft): [string | undefined, string | undefined] {
  const scene = lab.scene.get()
  const addressesOf = (refs: Iterable<string>): string[] =>
    [...refs].flatMap((ref) => cachedInterfaceView(lab, ref)?.addresses ?? [])
  const bridges = [a.node, b.node].filter((node) => node.includes('/'))
  const near = bridges.flatMap((node) => addressesOf(segmentOf(scene, node)))
  const typed = [a.address, b.address].filter(Boolean)
  const free = freeAddresses([...near, ...typed], addressesOf(scene.interfaces.keys()), 2)
  const plugged = (end: Draft): boolean => end.node.includes('/')
  const take = (end: Draft): string | undefined => (plugged(end) || end.address ? undefined : free.shift())
  const first = take(a)
  return [first, take(b)]
}

function endOf(end: Draft, name: string): End {
  const { namespace, master } = partsOf(end.node)
  const [address, mac, mtu] = [end.address.trim(), end.mac.trim(), end.mtu.trim()]
  return {
    namespace,
    name,
    ...(master === null ? {} : { master }),
    ...(address === '' ? {} : { addresses: address.split(/[\s,]+/) }),
    ...(mac === '' ? {} : { mac }),
    ...(mtu === '' ? {} : { mtu: Number(mtu) }),
    ...(end.up ? {} : { up: false }),
  }
}

function EndFields(props: {
  letter: string
  end: Draft
  name: string
  address: string | undefined
  nodes: readonly string[]
  onChange: (end: Draft) => void
}) {
  const { letter, end, name, address, nodes, onChange } = props
  const t = useCanvasTexts()
  return (
    <fieldset className={styles.end}>
      <legend>{t.endOf(letter)}</legend>
      <Choice
        label={t.node}
        value={end.node}
        options={nodes.map((n) => [n, n])}
        onChange={(node) => onChange({ ...end, node })}
      />
      <Text
        label={t.name}
        value={name}
        focus={letter === 'A'}
        onChange={(value) => onChange({ ...end, name: value })}
      />
      <Text
        label={t.address}
        value={end.address}
        hint={t.addressNone}
        onChange={(value) => onChange({ ...end, address: value })}
      />
      {address !== undefined && (
        <Button size="s" className={styles.use} onClick={() => onChange({ ...end, address })}>
          {t.takeAddress(address)}
        </Button>
      )}
      <Switch label={t.isUp} checked={end.up} onChange={(up) => onChange({ ...end, up })} />
      <details className={styles.more}>
        <summary>{t.more}</summary>
        <div className={styles.rows}>
          <Text label={t.mac} value={end.mac} hint={t.macHint} onChange={(mac) => onChange({ ...end, mac })} />
          <Text label={t.mtu} value={end.mtu} hint="1500" digits onChange={(mtu) => onChange({ ...end, mtu })} />
        </div>
      </details>
    </fieldset>
  )
}

/** One line of text; `hint` is seen while it is empty, or always where it stands `below`. */
export function Text(props: {
  label: string
  value: string
  hint?: string | undefined
  below?: boolean
  focus?: boolean
  digits?: boolean
  onChange: (value: string) => void
}) {
  const { label, value, hint, below, focus, digits, onChange } = props
  return (
    <Field label={label} hint={below ? hint : undefined}>
      {(ids) => (
        <Input
          {...ids}
          mono
          autoFocus={focus}
          inputMode={digits ? 'numeric' : undefined}
          value={value}
          placeholder={below ? undefined : hint}
          onFocus={(event) => event.target.select()}
          onChange={(event) => onChange(digits ? event.target.value.replace(/\D/g, '') : event.target.value)}
        />
      )}
    </Field>
  )
}
