import { useEffect, useState } from 'react'
import { useEditor, useLab } from '@/editor'
import { useAmounts } from '@/i18n/amounts'
import { afterColon, interfaceId } from '@/protocol'
import type { LabStore } from '@/store'
import { Empty, usePart } from '@/ui'
import { Facts, Section, styles } from '../parts'
import { usePanelTexts } from '../texts'
import { Warnings } from '../Warnings'
import { useLabTexts } from './lab-texts'
import { type Tally, tallyOf } from './tally'

/** So many are listed by name. */
const LISTED = 12
/** Between two counts at least, in ms: a lab of thousands changes all the time. */
const PACE_MS = 1000

/** A summary of the lab while nothing is selected: how much is in it, and what needs attention. */
export function LabInspector() {
  const p = usePanelTexts()
  const t = useLabTexts()
  const { whole } = useAmounts()
  const lab = useLab()
  const name = usePart(lab.meta, (meta) => meta.info?.lab)
  const { namespaces, bridges, interfaces, links, notUp } = useTally(lab)
  if (name === undefined) return <Empty>{p.nothingSelected}</Empty>
  const word = { up: '', down: t.down, 'no-carrier': t.noCarrier, pending: t.pending }
  return (
    <>
      <header className={styles.title}>
        <h2 className="mono">{name}</h2>
        <span className={styles.kind}>{t.lab}</span>
      </header>
      <Section title={t.holds}>
        <Facts
          rows={[
            [t.namespaces, whole(namespaces)],
            [t.bridges, whole(bridges)],
            [t.interfaces, whole(interfaces)],
            [t.links, whole(links)],
          ]}
        />
      </Section>
      <Listed title={t.notUp} all={notUp.map(({ ref, state }) => ({ id: interfaceId(ref), note: word[state] }))} />
      <Drift />
      <Warnings />
      <Empty>{p.nothingSelected}</Empty>
    </>
  )
}

function Drift() {
  const t = useLabTexts()
  const drift = usePart(useLab().meta, (meta) => meta.drift)
  return <Listed title={t.drift} all={[...drift].map((id) => ({ id, note: '' }))} />
}

/** Names that lead to what they name. */
function Listed({ title, all }: { title: string; all: readonly { id: string; note: string }[] }) {
  const t = useLabTexts()
  const editor = useEditor()
  const { whole } = useAmounts()
  if (all.length === 0) return null
  return (
    <Section title={title}>
      <ul className={styles.rows}>
        {all.slice(0, LISTED).map(({ id, note }) => (
          <li key={id} className={styles.row}>
            <button type="button" className={`${styles.link} ${styles.grow} mono`} onClick={() => editor.show(id)}>
              {afterColon(id)}
            </button>
            <span className={styles.dim}>{note}</span>
          </li>
        ))}
      </ul>
      {all.length > LISTED && <p className={styles.dim}>{t.more(whole(all.length - LISTED))}</p>}
    </Section>
  )
}

function useTally(lab: LabStore): Tally {
  const [tally, setTally] = useState(() => tallyOf(lab))
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const due = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined
        setTally(tallyOf(lab))
      }, PACE_MS)
    }
    setTally(tallyOf(lab))
    const off = [
      lab.scene.subscribe(() => setTally(tallyOf(lab))),
      lab.live.watch((ids) => {
        for (const id of ids) if (id.startsWith('link:')) return due()
      }),
    ]
    return () => {
      clearTimeout(timer)
      for (const end of off) end()
    }
  }, [lab])
  return tally
}
