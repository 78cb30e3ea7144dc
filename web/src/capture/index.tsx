import { useEffect, useState } from 'react'
import { updateDockTab, useEditor } from '@/editor'
import { type CaptureLive, withDefaults } from '@/protocol'
import { useRecord } from '@/store'
import { Bar } from './Bar'
import styles from './Capture.module.css'
import { Frames } from './Frames'
import { useCaptures, useModel } from './hooks'
import { Start } from './Start'
import { useCaptureTexts } from './texts'

/** The captures of the lab: one is shown, the newest as soon as it is known; another can be started. */
export default function CapturePanel({ tab, panel }: { tab: string; panel: { interfaces: readonly string[] } }) {
  const editor = useEditor()
  const captures = useCaptures(editor.lab)
  /** null: the newest one; '': the form of a new one. */
  const [chosen, choose] = useState<string | null>(null)
  const wanted = panel.interfaces.join(' ')
  const [asked, setAsked] = useState(wanted)
  // opened anew, for other interfaces: back to the form, which has them
  useEffect(() => {
    if (wanted !== '') choose('')
    setAsked(wanted)
  }, [wanted])
  const shown = captures.find((c) => c.capture === chosen) ?? (chosen === '' ? undefined : captures.at(-1))
  if (!shown) {
    const interfaces = asked === '' ? [] : asked.split(' ')
    const back = captures.length > 0 ? () => choose(null) : undefined
    const started = (capture: string): void => {
      choose(capture)
      // what the panel was opened for is done: after a reload it shows the capture
      updateDockTab(editor, tab, { panel: { kind: 'capture', interfaces: [] } })
    }
    return <Start key={asked} interfaces={interfaces} onBegun={() => choose('')} onStarted={started} onBack={back} />
  }
  return <Shown key={shown.capture} capture={shown.capture} onChoose={choose} />
}

function Shown({ capture, onChoose }: { capture: string; onChoose: (capture: string | null) => void }) {
  const editor = useEditor()
  const record = useRecord(editor.lab.live, `capture:${capture}`)
  const live = record?.kind === 'capture' ? withDefaults(record as CaptureLive) : undefined
  const model = useModel(capture)
  const t = useCaptureTexts()
  if (!live || !model) return null
  const ended = live.interfaces.filter((i) => i.problem)
  return (
    <div className={styles.panel}>
      <Bar live={live} model={model} onChoose={onChoose} />
      {ended.length > 0 && (
        <p className={styles.ended} role="status">
          {ended.map((i) => t.ended(i.interface, i.problem ?? '')).join(' · ')}
        </p>
      )}
      <Frames live={live} model={model} />
    </div>
  )
}
