import { Waypoints } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { type DockPanel, useEditor } from '@/editor'
import { HOST, type Hop } from '@/protocol'
import { Empty, IconButton, Segments, Select, useValue } from '@/ui'
import { AskForm } from './AskForm'
import { DiagramView } from './DiagramView'
import { fromFragment } from './file'
import { emptyForm, type Form, formOf } from './form'
import { HopDetails } from './HopDetails'
import { HopList } from './HopList'
import styles from './Journey.module.css'
import { missingOf, type TraceResult } from './model'
import { SaveMenu } from './SaveMenu'
import { Timeline } from './Timeline'
import { useJourneyTexts } from './texts'
import { usePlayer } from './usePlayer'
import { type Tracing, useTracing } from './useTracing'
import { Verdict } from './Verdict'
import { WatchForm } from './WatchForm'
import { assumptionWords, hopWords, verdictWords } from './words'

type Panel = Extract<DockPanel, { kind: 'journey' }>

/** Send a packet, and step through what happened to it. */
export default function JourneyPanel({ panel }: { panel: Panel }) {
  const tracing = useTracing()
  const [form, setForm] = useState<Form>(() => emptyForm(panel.source ?? HOST, panel.target ?? ''))
  const shown = tracing.all.find((t) => t.key === tracing.current) ?? tracing.all.at(-1)
  useEffect(() => {
    setForm((now) => ({ ...now, source: panel.source ?? now.source, target: panel.target ?? now.target }))
  }, [panel.source, panel.target])
  useShared(tracing, panel.shared)
  useAsked(tracing, setForm)
  return (
    <div className={styles.panel}>
      <Left tracing={tracing} form={form} onForm={setForm} />
      <Shown tracing={tracing} traced={shown} />
    </div>
  )
}

/** A journey that came with the address. */
function useShared(tracing: Tracing, fragment: string | undefined): void {
  const editor = useEditor()
  const t = useJourneyTexts()
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each fragment
  useEffect(() => {
    if (fragment) fromFragment(fragment).then(tracing.add, () => editor.say('error', t.notAJourney))
  }, [fragment])
}

/** A packet that is to be traced at once, as the dialog of ping wants it. */
function useAsked(tracing: Tracing, onForm: (form: Form) => void): void {
  const editor = useEditor()
  const ask = useValue(editor.asked)
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each packet
  useEffect(() => {
    if (!ask || tracing.busy) return
    editor.asked.set(null)
    onForm(formOf(ask))
    void tracing.trace(ask)
  }, [ask, tracing.busy])
}

function Left({ tracing, form, onForm }: { tracing: Tracing; form: Form; onForm: (form: Form) => void }) {
  const t = useJourneyTexts()
  const [mode, setMode] = useState<'form' | 'live'>('form')
  return (
    <div className={styles.left}>
      <div className={styles.modes}>
        <Segments
          tabs
          label={t.title}
          value={mode}
          options={[
            ['form', t.form],
            ['live', t.live],
          ]}
          onChange={setMode}
        />
      </div>
      {mode === 'live' ? <WatchForm tracing={tracing} /> : <AskForm tracing={tracing} form={form} onForm={onForm} />}
    </div>
  )
}

function Shown({ tracing, traced }: { tracing: Tracing; traced: TraceResult | undefined }) {
  const t = useJourneyTexts()
  const expected = traced?.differences.length ? traced.predicted : null
  const player = usePlayer(traced?.journey ?? null, expected, traced?.ended ?? true)
  const [picture, setPicture] = useState(false)
  const hops = traced?.journey.hops ?? []
  const hop = hops[player.hop]
  const said = useMemo(() => (hop ? hopWords(t, hop) : ''), [t, hop])
  return (
    <div className={styles.shown}>
      <div className={styles.head}>
        {tracing.all.length > 0 && (
          <Select
            compact
            className={styles.which}
            aria-label={t.journeys}
            value={traced?.key}
            onChange={(e) => tracing.choose(e.target.value)}
          >
            {[...tracing.all].reverse().map((one) => (
              <option key={one.key} value={one.key}>
                {nameOf(t, one)}
              </option>
            ))}
          </Select>
        )}
        {hops.length > 0 && <Timeline player={player} hops={hops.length} said={said} />}
        {hops.length > 0 && (
          <IconButton label={picture ? t.list : t.diagram} pressed={picture} onClick={() => setPicture(!picture)}>
            <Waypoints size={15} />
          </IconButton>
        )}
        <SaveMenu traced={traced} tracing={tracing} />
      </div>
      {traced === undefined ? (
        <Empty>{t.first}</Empty>
      ) : (
        <>
          <Verdict key={traced.key} traced={traced} tracing={tracing} />
          <Notes traced={traced} />
          <div className={styles.body}>
            <HopList traced={traced} player={player} />
            {picture ? (
              <DiagramView journey={traced.journey} player={player} />
            ) : (
              hop && <HopDetails key={player.hop} hop={hop} />
            )}
          </div>
        </>
      )}
    </div>
  )
}

function nameOf(t: ReturnType<typeof useJourneyTexts>, { journey }: TraceResult): string {
  const { probe, verdict } = journey
  const kind = journey.predicted ? `${t.predicted} · ` : ''
  const protocol = (probe.request || probe.protocol || 'icmp').toUpperCase()
  return `${kind}${protocol} ${probe.source} → ${probe.target} · ${verdictWords(t, verdict)}`
}

/** Hops that are named in words; the canvas shows them all. */
const MOST_MISSING = 3

/** What the prediction took for granted, what the trace could not see, and what was predicted and did not happen. */
function Notes({ traced }: { traced: TraceResult }) {
  const t = useJourneyTexts()
  const { assumptions = [], notes = [] } = traced.journey
  const missing = missingOf(traced)
  if (assumptions.length + notes.length + missing.length === 0) return null
  const said = (hop: Hop): string => t.labelled(hop.namespace, hopWords(t, hop))
  const more = missing.length > MOST_MISSING ? ['…'] : []
  return (
    <ul className={styles.notes}>
      {assumptions.map((text) => (
        <li key={text}>{t.labelled(t.assumptions, assumptionWords(t, text))}</li>
      ))}
      {notes.map((text) => (
        <li key={text}>{text}</li>
      ))}
      {missing.length > 0 && (
        <li>{t.labelled(t.onlyPredicted, missing.slice(0, MOST_MISSING).map(said).concat(more).join(t.and))}</li>
      )}
    </ul>
  )
}
