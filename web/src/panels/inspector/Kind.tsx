import { useState } from 'react'
import { type AnyInterface, type Json, withDefaults } from '@/protocol'
import { Field, Select, Switch } from '@/ui'
import { asNumber, EditText, Facts, Refused, Section, styles } from '../parts'
import { usePanelTexts } from '../texts'

type Set = (changes: Record<string, Json>, label: string) => Promise<string | undefined>

/** What only this kind of interface has. */
export function KindFields({ record, set }: { record: AnyInterface; set: Set }) {
  switch (record.kind) {
    case 'bridge':
      return <BridgeFields record={record} set={set} />
    case 'macvlan':
      return <MacvlanFields record={record} set={set} />
    case 'vxlan':
      return <VxlanFields record={record} set={set} />
    default:
      return null
  }
}

type Of<K> = Extract<AnyInterface, { kind: K }>
const NUMBERS = ['ageing_time', 'priority', 'forward_delay', 'hello_time', 'max_age', 'vlan_default_pvid'] as const
const SWITCHES = ['stp', 'vlan_filtering', 'mcast_snooping'] as const

function BridgeFields({ record, set }: { record: Of<'bridge'>; set: Set }) {
  const t = usePanelTexts()
  const whole = withDefaults(record)
  const [error, setError] = useState<string>()
  return (
    <Section title={t.bridge}>
      <div className={styles.switches} style={{ marginBottom: 10 }}>
        {SWITCHES.map((key) => (
          <Switch
            key={key}
            label={t[key]}
            checked={whole[key]}
            onChange={async (value) => setError(await set({ [key]: value }, t.changed(record.name, key)))}
          />
        ))}
      </div>
      <div className={styles.fields}>
        {NUMBERS.map((key) => (
          <EditText
            key={key}
            label={t[key]}
            type="number"
            value={String(whole[key])}
            onCommit={(value) => set({ [key]: asNumber(value) }, t.changed(record.name, key))}
          />
        ))}
      </div>
      <Refused text={error} />
    </Section>
  )
}

function MacvlanFields({ record, set }: { record: Of<'macvlan'>; set: Set }) {
  const t = usePanelTexts()
  const [error, setError] = useState<string>()
  return (
    <Section title="macvlan">
      <Field label={t.mode} error={error}>
        {(ids) => (
          <Select
            {...ids}
            value={record.mode ?? 'bridge'}
            onChange={async (e) => setError(await set({ mode: e.target.value }, t.changed(record.name, t.mode)))}
          >
            {['bridge', 'private', 'vepa', 'passthru'].map((mode) => (
              <option key={mode}>{mode}</option>
            ))}
          </Select>
        )}
      </Field>
    </Section>
  )
}

function VxlanFields({ record, set }: { record: Of<'vxlan'>; set: Set }) {
  const t = usePanelTexts()
  const whole = withDefaults(record)
  const [error, setError] = useState<string>()
  return (
    <Section title="VXLAN">
      <Facts
        rows={[
          ['VNI', whole.vni],
          ['local', whole.local],
          ['remote', whole.remote],
          [t.parent, whole.parent],
          ['underlay', whole.underlay],
          ['dstport', whole.dstport],
        ]}
      />
      <div className={styles.switches} style={{ margin: '10px 0' }}>
        <Switch
          label="learning"
          checked={whole.learning}
          onChange={async (learning) => setError(await set({ learning }, t.changed(record.name, 'learning')))}
        />
      </div>
      <EditText
        label="TTL"
        type="number"
        value={String(whole.ttl)}
        onCommit={(ttl) => set({ ttl: asNumber(ttl) }, t.changed(record.name, 'TTL'))}
      />
      <Refused text={error} />
    </Section>
  )
}
