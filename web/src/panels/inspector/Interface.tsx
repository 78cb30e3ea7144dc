import { Fragment, useState } from 'react'
import { useEditor, useLab } from '@/editor'
import {
  type AnyInterface,
  hasPorts,
  isInterface,
  isOn,
  type Json,
  kindSpec,
  type LinkLive,
  nameOf,
  PORT,
  withDefaults,
} from '@/protocol'
import { useInterface } from '@/store'
import { Button, Empty, Field, Input, Select, Switch, useValue } from '@/ui'
import { asNumber, EditText, Facts, InterfaceLink, Refused, RemoveButton, Section, styles, useAsk } from '../parts'
import { usePanelTexts } from '../texts'
import { CountersOf } from './Counters'
import { KindFields } from './Kind'
import { FdbTable, PortList } from './Tables'

/** Everything about one interface: the kernel state, and fields to edit it in place. */
export function InterfaceInspector({ ref_ }: { ref_: string }) {
  const t = usePanelTexts()
  const view = useInterface(useLab(), ref_)
  const ask = useAsk()
  const [error, setError] = useState<string>()
  if (!view) return <Empty>{t.gone(ref_)}</Empty>
  const set = (changes: Record<string, Json>, label: string): Promise<string | undefined> =>
    ask([{ do: 'set-interface', interface: ref_, changes }], label)
  const { live, desired } = view
  const port = desired?.master
  return (
    <>
      <header className={styles.title}>
        <h2 className="mono">{ref_}</h2>
        <span className={styles.kind}>{view.kind}</span>
        <Switch
          label={t.up}
          checked={live?.up ?? desired?.up !== false}
          disabled={live?.modelled === false}
          onChange={async (up) => setError(await set({ up }, up ? t.setUp(ref_) : t.setDown(ref_)))}
        />
      </header>
      {error && (
        <div className={styles.section}>
          <Refused text={error} />
        </div>
      )}
      {live?.note && <p className={styles.section}>{live.note}</p>}
      {hasPorts(view.kind) && <PortList bridge={ref_} />}
      {kindSpec(view.kind)?.fdb && <FdbTable ref_={ref_} />}
      <Addresses ref_={ref_} live={live} desired={desired} set={set} />
      {live && <LiveFacts live={live} />}
      <CountersOf namespace={view.namespace} only={view.name} />
      {live?.modelled !== false && <Settings ref_={ref_} live={live} desired={desired} set={set} />}
      {desired && <KindFields key={desired.kind} record={desired} set={set} />}
      {desired && port && <PortFields desired={desired} set={set} />}
    </>
  )
}

type Set = (changes: Record<string, Json>, label: string) => Promise<string | undefined>

function LiveFacts({ live }: { live: LinkLive }) {
  const t = usePanelTexts()
  const go = (ref: string) => <InterfaceLink ref_={ref} />
  return (
    <Section title={t.kernelSays}>
      <Facts
        rows={[
          [t.state, <State key="state" live={live} />],
          ['ifindex', live.index],
          ['MAC', live.mac],
          ['MTU', live.mtu],
          [t.driver, live.driver || live.type],
          [t.peer, live.peer ? go(live.peer) : undefined],
          ['peer_ifindex', live.peer_index ?? undefined],
          [t.parent, live.parent ? go(live.parent) : undefined],
          [t.master, live.master ? go(`${live.namespace}/${live.master}`) : undefined],
          [t.portState, live.port_state],
          ['txqlen', live.txqlen],
        ]}
      />
    </Section>
  )
}

/** As `ip link` writes it; a line may break after a comma. */
function State({ live }: { live: LinkLive }) {
  return (
    <>
      {live.operstate.toUpperCase()} &lt;
      {live.flags.map((flag, i) => (
        <Fragment key={flag}>
          {i > 0 && ','}
          <wbr />
          {flag}
        </Fragment>
      ))}
      &gt;
    </>
  )
}

function Addresses({
  ref_,
  live,
  desired,
  set,
}: {
  ref_: string
  live: LinkLive | undefined
  desired: AnyInterface | undefined
  set: Set
}) {
  const t = usePanelTexts()
  const [text, setText] = useState('')
  const [error, setError] = useState<string>()
  const own = desired?.addresses ?? []
  const kernels = (live?.addresses ?? []).filter((a) => !own.includes(a.address))
  const add = async (): Promise<void> => {
    if (!text.trim()) return
    const refused = await set({ addresses: [...own, text.trim()] }, t.addedAddress(text.trim(), ref_))
    setError(refused)
    if (!refused) setText('')
  }
  return (
    <Section title={t.addresses}>
      <ul className={styles.rows}>
        {own.map((address) => (
          <li key={address} className={styles.row}>
            <span className={`${styles.grow} mono`}>{address}</span>
            <RemoveButton
              name={address}
              onClick={async () =>
                setError(await set({ addresses: own.filter((a) => a !== address) }, t.removedAddress(address, ref_)))
              }
            />
          </li>
        ))}
        {kernels.map((a) => (
          <li key={a.address} className={styles.row}>
            <span className={`${styles.grow} ${styles.dim} mono`}>{a.address}</span>
            <span className={styles.dim}>
              {a.scope} {(a.flags ?? []).join(' ')}
            </span>
          </li>
        ))}
      </ul>
      {live?.modelled !== false && (
        <form
          className={styles.inline}
          onSubmit={(e) => {
            e.preventDefault()
            void add()
          }}
        >
          <Input
            mono
            aria-label={t.newAddress}
            placeholder="10.0.1.1/24"
            value={text}
            onChange={(e) => setText(e.target.value)}
          />
          <Button type="submit">{t.addAddress}</Button>
        </form>
      )}
      <Refused text={error} />
    </Section>
  )
}

function Settings({
  ref_,
  live,
  desired,
  set,
}: {
  ref_: string
  live: LinkLive | undefined
  desired: AnyInterface | undefined
  set: Set
}) {
  const t = usePanelTexts()
  const editor = useEditor()
  const ask = useAsk()
  const scene = useValue(editor.lab.scene)
  const [error, setError] = useState<string>()
  const [refused, setRefused] = useState<string>()
  const namespace = ref_.slice(0, ref_.indexOf('/'))
  const bridges = [...scene.interfaces.values()].filter((i) => i.namespace === namespace && hasPorts(i.kind))
  const spec = kindSpec(live?.type ?? desired?.kind)
  const move = async (to: string, name?: string): Promise<string | undefined> => {
    const target = name ?? nameOf(ref_)
    const refused = await ask([{ do: 'move-interface', interface: ref_, namespace: to, name: target }], t.moved(ref_))
    if (!refused) editor.select([`interface:${to}/${target}`])
    return refused
  }
  return (
    <Section title={t.settings}>
      <div className={styles.fields}>
        <EditText label={t.name} value={nameOf(ref_)} onCommit={(name) => move(namespace, name)} />
        <Field label={t.namespace} error={error}>
          {(ids) => (
            <Select {...ids} value={namespace} onChange={async (e) => setError(await move(e.target.value))}>
              {[...scene.namespaces.keys()].map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
        </Field>
        {spec?.mac !== 'none' && (
          <EditText
            label={t.mac}
            value={desired?.mac ?? live?.mac ?? ''}
            onCommit={(mac) => set({ mac: mac || null }, t.changed(ref_, 'MAC'))}
          />
        )}
        <EditText
          label="MTU"
          type="number"
          value={String(desired?.mtu ?? live?.mtu ?? '')}
          onCommit={(mtu) => set({ mtu: mtu === '' ? null : asNumber(mtu) }, t.changed(ref_, 'MTU'))}
        />
        {spec?.port !== false && (
          <Field label={t.master} className={styles.wide} error={refused}>
            {(ids) => (
              <Select
                {...ids}
                value={desired?.master ?? ''}
                onChange={async (e) =>
                  setRefused(await set({ master: e.target.value || null }, t.changed(ref_, t.master)))
                }
              >
                <option value="">{t.none}</option>
                {bridges.map((b) => (
                  <option key={b.ref} value={b.name}>
                    {b.name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        )}
      </div>
    </Section>
  )
}

function PortFields({ desired, set }: { desired: AnyInterface; set: Set }) {
  const t = usePanelTexts()
  const ref_ = `${desired.namespace}/${desired.name}`
  const port = { ...PORT, ...withDefaults(desired).port }
  const [error, setError] = useState<string>()
  const change = async (key: string, value: Json): Promise<string | undefined> => {
    const refused = await set({ port: { ...port, [key]: value } }, t.changed(ref_, key))
    setError(refused)
    return refused
  }
  return (
    <Section title={t.port(desired.master ?? '')}>
      <div className={styles.fields}>
        <EditText label={t.cost} value={String(port.cost)} onCommit={(v) => change('cost', asNumber(v))} />
        <EditText label={t.priority} value={String(port.priority)} onCommit={(v) => change('priority', asNumber(v))} />
      </div>
      <div className={styles.switches} style={{ marginTop: 10 }}>
        {(['learning', 'flood', 'hairpin', 'isolated'] as const).map((key) => (
          <Switch key={key} label={key} checked={port[key]} onChange={(v) => void change(key, v)} />
        ))}
      </div>
      <Vlans desired={desired} set={set} />
      <Refused text={error} />
    </Section>
  )
}

/** The VLANs of a port, as text: `10`, `20 pvid untagged`, one after the other. */
function Vlans({ desired, set }: { desired: AnyInterface; set: Set }) {
  const t = usePanelTexts()
  const lab = useLab()
  const bridge = lab.observed.get(`interface:${desired.namespace}/${desired.master}`)
  if (!isInterface(bridge) || !isOn(bridge, 'vlan_filtering')) return null
  const text = (desired.vlans ?? [])
    .map((v) => `${v.vid}${v.pvid ? ' pvid' : ''}${v.untagged ? ' untagged' : ''}`)
    .join(', ')
  const commit = (value: string): Promise<string | undefined> => {
    const vlans = value
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean)
      .map((part) => {
        const words = part.split(/\s+/)
        return {
          vid: asNumber(words[0] ?? ''),
          pvid: words.includes('pvid'),
          untagged: words.includes('untagged'),
        }
      })
    return set({ vlans: value === '' ? null : vlans }, t.changed(desired.name, 'VLAN'))
  }
  return <EditText label={t.vlans} value={text} placeholder="1 pvid untagged, 20" onCommit={commit} />
}
