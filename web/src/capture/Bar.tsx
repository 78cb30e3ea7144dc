import { Download, Plus, Square, Trash2 } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Needs, useEditor } from '@/editor'
import { useAmounts } from '@/i18n/amounts'

import type { CaptureLive } from '@/protocol'
import { IconButton, Input, Select, useValue } from '@/ui'
import styles from './Capture.module.css'
import { useCaptures } from './hooks'
import type { CaptureModel } from './model'
import { useCaptureTexts } from './texts'

const PAUSE_MS = 150

/** The toolbar of a capture: filters, state and actions. */
export function Bar({
  live,
  model,
  onChoose,
}: {
  live: Required<CaptureLive>
  model: CaptureModel
  onChoose: (capture: string | null) => void
}) {
  const editor = useEditor()
  const t = useCaptureTexts()
  const captures = useCaptures(editor.lab)
  const lab = editor.session.current.get() ?? ''
  const ask = (type: 'stop-capture' | 'remove-capture'): void => {
    const asked = { type, lab, capture: live.capture }
    editor.session.connection.request<typeof type>(asked).done.catch((error) => editor.fail(error))
  }
  return (
    <div className={styles.bar}>
      <span className={styles.lamp} data-running={live.running || undefined} aria-hidden="true" />
      <Select
        compact
        className={styles.which}
        aria-label={t.captures}
        value={live.capture}
        onChange={(e) => onChoose(e.target.value)}
      >
        {captures.map((c) => (
          <option key={c.capture} value={c.capture}>
            {`${c.interfaces.map((i) => i.interface).join(', ')}${c.filter ? ` · ${c.filter}` : ''} · ${c.running ? t.running : t.stopped}`}
          </option>
        ))}
      </Select>
      <Needs>
        <IconButton label={t.stop} disabled={!live.running} onClick={() => ask('stop-capture')}>
          <Square size={13} fill="currentColor" />
        </IconButton>
      </Needs>
      <IconButton label={t.another} onClick={() => onChoose('')}>
        <Plus size={16} />
      </IconButton>
      <DisplayFilter model={model} />
      <Counted live={live} model={model} />
      <a
        className={styles.link}
        href={`/labs/${encodeURIComponent(lab)}/captures/${live.capture}.pcapng`}
        download
        aria-label={t.download}
        title={t.download}
      >
        <Download size={16} />
      </a>
      <IconButton label={t.remove} onClick={() => ask('remove-capture')}>
        <Trash2 size={15} />
      </IconButton>
    </div>
  )
}

function DisplayFilter({ model }: { model: CaptureModel }) {
  const t = useCaptureTexts()
  const [source, setSource] = useState('')
  const { error } = useValue(model.counts)
  useEffect(() => {
    const timer = setTimeout(() => void model.filter(source), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [model, source])
  return (
    <div className={styles.filter}>
      <Input
        mono
        compact
        type="search"
        aria-label={t.displayFilter}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? 'capture-filter-error' : undefined}
        placeholder={t.displayHint}
        value={source}
        onChange={(e) => setSource(e.target.value)}
      />
      {error && (
        <div id="capture-filter-error" role="alert" className={styles.wrong}>
          {t.wrong(t.filterWrong(error))}
          <code aria-hidden="true">
            {source.slice(0, error.at)}
            <mark>{source.slice(error.at).split(/\s/)[0] || ' '}</mark>
          </code>
        </div>
      )}
    </div>
  )
}

function Counted({ live, model }: { live: Required<CaptureLive>; model: CaptureModel }) {
  const t = useCaptureTexts()
  const { kept, shown } = useValue(model.counts)
  const { whole } = useAmounts()
  return (
    <span className={styles.counted} role="status">
      {t.frames(whole(shown), whole(kept))}
      {live.first > 1 && ` · ${t.forgotten(whole(live.first - 1))}`}
      {live.dropped > 0 && ` · ${t.dropped(live.dropped)}`}
    </span>
  )
}
