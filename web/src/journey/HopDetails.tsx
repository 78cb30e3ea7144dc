import { type ChainAt, openDock, useEditor } from '@/editor'
import { afterColon, type Hop, type Packet, type RuleAt, type Table } from '@/protocol'
import { Button } from '@/ui'
import styles from './Journey.module.css'
import { useJourneyTexts } from './texts'
import { changesOf, packetWords, placeOfRule } from './words'

/** What is known of one hop beyond its sentence. */
export function HopDetails({ hop }: { hop: Hop }) {
  const t = useJourneyTexts()
  const changes = hop.packet && hop.after ? changesOf(hop.packet, hop.after) : []
  return (
    <div className={styles.details}>
      {hop.packet && <Facts packet={hop.packet} />}
      {changes.length > 0 && (
        <table className={styles.changes} aria-label={t.changed}>
          <thead>
            <tr>
              <th scope="col">{t.changed}</th>
              <th scope="col">{t.before}</th>
              <th scope="col">{t.after}</th>
            </tr>
          </thead>
          <tbody>
            {changes.map(([field, from, to]) => (
              <tr key={field}>
                <th scope="row">{t.field(field)}</th>
                <td>{from}</td>
                <td>{to}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {hop.rule && <Rules label={t.matched} rules={[hop.rule]} />}
      {hop.passed && hop.passed.length > 0 && <Rules label={t.passedBy} rules={hop.passed} />}
      {hop.state && (
        <p>
          {t.state} <code>{hop.state}</code>
        </p>
      )}
      {(hop.mark ?? 0) > 0 && (
        <p>
          {t.mark} <code>{`0x${(hop.mark ?? 0).toString(16)}`}</code>
        </p>
      )}
      <Links hop={hop} />
    </div>
  )
}

function Facts({ packet }: { packet: Packet }) {
  const t = useJourneyTexts()
  const macs = packet.src_mac ? `${packet.src_mac} → ${packet.dst_mac}` : ''
  const more = [packet.length ? `length ${packet.length}` : '', packet.df ? 'DF' : '', macs].filter(Boolean).join(' · ')
  return (
    <p>
      {t.packet} <code>{packetWords(packet)}</code>
      {more && <code className={styles.quiet}>{more}</code>}
    </p>
  )
}

function Rules({ label, rules }: { label: string; rules: readonly RuleAt[] }) {
  return (
    <div>
      <h4>{label}</h4>
      <ol className={styles.rules}>
        {rules.map((rule) => (
          <li key={`${placeOfRule(rule)} ${rule.number ?? 0}`}>
            <span>{`${placeOfRule(rule)}${rule.number ? ` ${rule.number}` : ''}`}</span> <code>{rule.text}</code>
          </li>
        ))}
      </ol>
    </div>
  )
}

function chainOf({ rule }: Hop): ChainAt | undefined {
  return rule ? { family: rule.family, table: rule.table as Table, name: rule.chain } : undefined
}

function Links({ hop }: { hop: Hop }) {
  const editor = useEditor()
  const t = useJourneyTexts()
  const object = hop.object ?? ''
  const shown = /^(namespace|interface):/.test(object)
  return (
    <div className={styles.links}>
      {shown && (
        <Button size="s" onClick={() => editor.show(object)}>
          {t.show(afterColon(object))}
        </Button>
      )}
      {hop.kind === 'chain' && !isForeign(hop) && (
        <Button
          size="s"
          onClick={() => openDock(editor, { kind: 'chains', namespace: hop.namespace, at: chainOf(hop) })}
        >
          {t.showChain}
        </Button>
      )}
    </div>
  )
}

/** A table of nftables that is not iptables' has no chains here. */
const isForeign = ({ rule }: Hop): boolean =>
  !!rule && !['raw', 'mangle', 'nat', 'filter', 'security'].includes(rule.table)
