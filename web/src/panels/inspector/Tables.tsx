import { useState } from 'react'
import { useEditor, useLab } from '@/editor'
import { type FdbRow, kindSpec, type LinkLive, linkId, nameOf, namespaceOf } from '@/protocol'
import { useRecord } from '@/store'
import { Button, Input, Select, useValue } from '@/ui'
import { Refused, RemoveButton, Section, styles, useAsk, useSince } from '../parts'
import { usePanelTexts } from '../texts'

/** The ports of a bridge with their STP state. */
export function PortList({ bridge }: { bridge: string }) {
  const t = usePanelTexts()
  const ports = usePorts(bridge)
  return (
    <Section title={t.ports}>
      {ports.length === 0 && <p className={styles.dim}>{t.noPorts}</p>}
      <ul className={styles.rows}>
        {ports.map((ref) => (
          <PortRow key={ref} ref_={ref} />
        ))}
      </ul>
    </Section>
  )
}

function usePorts(bridge: string): readonly string[] {
  const scene = useValue(useEditor().lab.scene)
  return scene.namespaces.get(namespaceOf(bridge))?.bridges.find((b) => b.ref === bridge)?.ports ?? []
}

function PortRow({ ref_ }: { ref_: string }) {
  const editor = useEditor()
  const record = useRecord(editor.lab.live, linkId(ref_))
  const live: LinkLive | undefined = record?.kind === 'link' ? record : undefined
  return (
    <li className={styles.row}>
      <button
        type="button"
        className={`${styles.link} ${styles.grow} mono`}
        onClick={() => editor.show(`interface:${ref_}`)}
      >
        {nameOf(ref_)}
      </button>
      <span className={styles.dim}>{live?.peer}</span>
      <span>{live?.port_state}</span>
    </li>
  )
}

/** The FDB of a bridge or of a vxlan. The ages of learned entries count up between reports. */
export function FdbTable({ ref_ }: { ref_: string }) {
  const t = usePanelTexts()
  const record = useRecord(useLab().live, `fdb-table:${ref_}`)
  const rows = (record?.kind === 'fdb-table' && record.rows) || []
  return (
    <Section title={t.fdb}>
      <p className={styles.dim}>{rows.some((r) => r.state === 'dynamic') ? t.learnedHint : t.floodHint}</p>
      <table className={styles.table} aria-label={t.fdb}>
        <thead>
          <tr>
            <th>MAC</th>
            <th>{t.interface}</th>
            <th>{t.state}</th>
            <th>{t.age}</th>
            <th />
          </tr>
        </thead>
        <tbody className="mono">
          {rows.map((row) => (
            <Entry key={`${row.mac} ${row.dev} ${row.vlan} ${row.destination}`} row={row} />
          ))}
        </tbody>
      </table>
      <AddEntry ref_={ref_} />
    </Section>
  )
}

function Entry({ row }: { row: FdbRow }) {
  const t = usePanelTexts()
  const editor = useEditor()
  const age = useSince(row.age ?? 0, row)
  const { record } = row
  return (
    <tr>
      <td>
        {row.mac}
        {row.vlan != null && ` vlan ${row.vlan}`}
      </td>
      <td>{row.destination ?? row.dev}</td>
      <td>{t.fdbState(row.state)}</td>
      <td>{row.state === 'dynamic' ? `${age} s` : ''}</td>
      <td>
        {record && (
          <RemoveButton
            name={row.mac}
            onClick={() => void editor.edit([{ do: 'remove', ids: [record] }], t.removed(row.mac))}
          />
        )}
      </td>
    </tr>
  )
}

/** A static entry: on a port of a bridge, or with a remote end on a vxlan. */
function AddEntry({ ref_ }: { ref_: string }) {
  const t = usePanelTexts()
  const ask = useAsk()
  const lab = useLab()
  const ports = usePorts(ref_)
  const link = useRecord(lab.live, linkId(ref_))
  const tunnel = link?.kind === 'link' && kindSpec(link.type)?.fdb === 'own'
  const [mac, setMac] = useState('')
  const [where, setWhere] = useState('')
  const [error, setError] = useState<string>()
  const add = async (): Promise<void> => {
    const namespace = namespaceOf(ref_)
    const fdb = tunnel
      ? { kind: 'fdb' as const, namespace, dev: nameOf(ref_), mac, destination: where }
      : { kind: 'fdb' as const, namespace, dev: where || nameOf(ports[0] ?? ''), mac }
    const refused = await ask([{ do: 'add-fdb', fdb }], t.added(mac))
    setError(refused)
    if (!refused) setMac('')
  }
  if (!tunnel && ports.length === 0) return null
  return (
    <>
      <form
        className={styles.inline}
        style={{ marginTop: 8 }}
        onSubmit={(e) => {
          e.preventDefault()
          void add()
        }}
      >
        <Input
          mono
          aria-label={t.newFdbEntry}
          placeholder="02:00:00:00:00:01"
          value={mac}
          onChange={(e) => setMac(e.target.value)}
        />
        {tunnel ? (
          <Input
            mono
            aria-label={t.destination}
            placeholder="192.0.2.2"
            value={where}
            onChange={(e) => setWhere(e.target.value)}
          />
        ) : (
          <Select aria-label={t.onPort} value={where} onChange={(e) => setWhere(e.target.value)}>
            {ports.map((port) => (
              <option key={port}>{nameOf(port)}</option>
            ))}
          </Select>
        )}
        <Button type="submit" disabled={!mac}>
          {t.add}
        </Button>
      </form>
      <Refused text={error} />
    </>
  )
}
