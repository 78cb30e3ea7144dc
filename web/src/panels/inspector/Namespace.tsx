import { Plus } from 'lucide-react'
import { Needs, showChains, useEditor, useLab } from '@/editor'
import { useKindTexts } from '@/kinds'
import { ADDABLE, HOST, type NamespaceLive, nameOf, namespaceId, netnsId } from '@/protocol'
import { useChains, useInterface, useRecord } from '@/store'
import { Button, Empty, IconButton, Menu, Switch, useValue } from '@/ui'
import { EditText, Facts, RemoveButton, Section, styles, useAsk, useSince } from '../parts'
import { usePanelTexts } from '../texts'
import { AddNeighbour } from './AddNeighbour'
import { CountersOf } from './Counters'
import { Processes } from './Processes'
import { Routes } from './Routes'
import { Sysctls } from './Sysctls'

/** Everything of one namespace. */
export function NamespaceInspector({ name }: { name: string }) {
  const t = usePanelTexts()
  const lab = useLab()
  const record = useRecord(lab.live, netnsId(name))
  const wanted = useRecord(lab.desired, namespaceId(name))
  const live: NamespaceLive | undefined = record?.kind === 'netns' ? record : undefined
  if (!live && !wanted) return <Empty>{t.gone(name)}</Empty>
  return (
    <>
      <header className={styles.title}>
        <h2 className="mono">{name}</h2>
        <span className={styles.kind}>{t.namespace}</span>
      </header>
      <Needs>
        <About name={name} live={live} />
        <Interfaces name={name} />
      </Needs>
      <Chains name={name} />
      <Needs>
        {live && <Routes name={name} live={live} />}
        {live && <Neighbours name={name} live={live} />}
        {live && <Sysctls name={name} live={live} />}
        <CountersOf namespace={name} />
        <Processes name={name} />
      </Needs>
    </>
  )
}

function About({ name, live }: { name: string; live: NamespaceLive | undefined }) {
  const t = usePanelTexts()
  const ask = useAsk()
  const editor = useEditor()
  if (!live) return null
  return (
    <Section
      title={t.about}
      tools={
        <Button size="s" onClick={() => editor.dialog.set({ kind: 'ping', source: name })}>
          {t.ping}
        </Button>
      }
    >
      <Facts
        rows={[
          ['inode', live.inode],
          ['nsid', name === HOST ? undefined : (live.nsid ?? '—')],
        ]}
      />
      {name !== HOST && live.nsid == null && (
        <EditText
          label={t.setNsid}
          type="number"
          value=""
          onCommit={(nsid) => ask([{ do: 'set-nsid', namespace: name, nsid: Number(nsid) }], t.changed(name, 'nsid'))}
        />
      )}
    </Section>
  )
}

/** How many rules each table has; a click shows them. */
function Chains({ name }: { name: string }) {
  const t = usePanelTexts()
  const editor = useEditor()
  const chains = useChains(editor.lab, name)
  const counts = new Map<string, number>()
  for (const { table, family, rules } of chains) {
    const key = family === 'ipv6' ? `${table} (IPv6)` : table
    if (rules && rules.length > 0) counts.set(key, (counts.get(key) ?? 0) + rules.length)
  }
  const drops = chains.filter((c) => c.policy === 'DROP').map((c) => c.name)
  return (
    <Section
      title={t.chains}
      tools={
        <Button size="s" onClick={() => showChains(editor, name)}>
          {t.openChains}
        </Button>
      }
    >
      {counts.size + drops.length === 0 ? (
        <p className={styles.dim}>{t.noRules}</p>
      ) : (
        <Facts
          rows={[
            ...[...counts].map(([table, n]) => [table, t.rules(n)] as const),
            ['policy DROP', drops.length > 0 ? drops.join(', ') : undefined],
          ]}
        />
      )}
    </Section>
  )
}

function Interfaces({ name }: { name: string }) {
  const t = usePanelTexts()
  const editor = useEditor()
  const names = useKindTexts()
  const scene = useValue(editor.lab.scene)
  const refs = [...scene.interfaces.values()].filter((i) => i.namespace === name).map((i) => i.ref)
  return (
    <Section
      title={t.interfaces}
      tools={
        <Menu
          align="end"
          trigger={
            <IconButton label={t.addInterface}>
              <Plus size={15} />
            </IconButton>
          }
          entries={[
            { key: 'link', label: t.addLink, onSelect: () => editor.dialog.set({ kind: 'link', a: name }) },
            ...ADDABLE.map((which) => ({
              key: which,
              label: names[which],
              onSelect: () => editor.dialog.set({ kind: 'interface', which, namespace: name }),
            })),
          ]}
        />
      }
    >
      <ul className={styles.interfaces}>
        {refs.map((ref) => (
          <InterfaceRow key={ref} ref_={ref} />
        ))}
      </ul>
    </Section>
  )
}

function InterfaceRow({ ref_ }: { ref_: string }) {
  const t = usePanelTexts()
  const editor = useEditor()
  const view = useInterface(editor.lab, ref_)
  if (!view) return null
  const up = view.live?.up ?? false
  return (
    <li>
      <button
        type="button"
        className={`${styles.link} mono`}
        onClick={() => editor.show(`interface:${ref_}`)}
        aria-label={t.inspect(ref_)}
      >
        {nameOf(ref_)}
      </button>
      <span className="mono">
        {view.addresses.map((address) => (
          <span key={address}>{address}</span>
        ))}
        {view.live && (
          <small>
            {[view.kind, view.live.operstate, view.live.mac, `mtu ${view.live.mtu}`].join(' ')}
            {view.live.peer && ` ⇄ ${view.live.peer}`}
            {view.live.master && ` ∈ ${view.live.master}`}
          </small>
        )}
      </span>
      <Switch
        hideLabel
        label={t.upOf(ref_)}
        checked={up}
        disabled={view.live?.modelled === false}
        onChange={(next) =>
          void editor.edit(
            [{ do: 'set-interface', interface: ref_, changes: { up: next } }],
            next ? t.setUp(ref_) : t.setDown(ref_),
          )
        }
      />
    </li>
  )
}

function Neighbours({ name, live }: { name: string; live: NamespaceLive }) {
  const t = usePanelTexts()
  const rows = live.neighbours ?? []
  return (
    <Section title={t.neighbours}>
      {rows.length > 0 && (
        <table className={styles.table} aria-label={t.neighbours}>
          <thead>
            <tr>
              <th>{t.address}</th>
              <th>MAC</th>
              <th>{t.state}</th>
              <th>{t.age}</th>
              <th />
            </tr>
          </thead>
          <tbody className="mono">
            {rows.map((row) => (
              <NeighbourLine key={`${row.dev} ${row.address}`} namespace={name} row={row} />
            ))}
          </tbody>
        </table>
      )}
      {rows.length === 0 && <p className={styles.dim}>{t.noNeighbours}</p>}
      <AddNeighbour namespace={name} />
    </Section>
  )
}

function NeighbourLine({
  namespace,
  row,
}: {
  namespace: string
  row: NonNullable<NamespaceLive['neighbours']>[number]
}) {
  const t = usePanelTexts()
  const editor = useEditor()
  const age = useSince(row.age ?? 0, row)
  const permanent = row.state === 'permanent'
  const remove = () =>
    void editor.edit(
      [{ do: 'remove', ids: [`neighbour:${namespace}/${row.dev}/${row.address}`] }],
      t.removed(row.address),
    )
  return (
    <tr>
      <td>
        {row.address}
        <br />
        <span className={styles.dim}>{row.dev}</span>
      </td>
      <td>{row.mac}</td>
      <td>{row.state}</td>
      <td>{permanent ? '' : `${age} s`}</td>
      <td>{permanent && <RemoveButton name={row.address} onClick={remove} />}</td>
    </tr>
  )
}
