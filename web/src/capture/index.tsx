import { useEffect, useState } from 'react'
import { useEditor } from '@/editor'
import { type CaptureLive, withDefaults } from '@/protocol'
import { useRecord } from '@/store'
import { Bar } from './Bar'
import styles from './Capture.module.css'
import { Frames } from './Frames'
import { useCaptures, useModel } from './hooks'
import { Start } from './Start'
import { useCaptureTexts } from './texts'

/** The captures of the lab: one is shown; another can be started. */
export default function CapturePanel({ panel }: { panel: { interfaces: readonly string[] } }) {
  const editor = useEditor()
  const captures = useCaptures(editor.lab)
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
    return <Start key={asked} interfaces={interfaces} onStarted={choose} onBack={back} />
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
