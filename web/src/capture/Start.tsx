import { type FormEvent, useState } from 'react'
import { ProblemError } from '@/connection'
import { Needs, useEditor } from '@/editor'
import { Button, Field, Input, usePart } from '@/ui'
import styles from './Capture.module.css'
import { useCaptureTexts } from './texts'

/** The form of a new capture. Errors of tcpdump's filter are shown at the field. `onBegun` is called when it is filled in. */
export function Start({
  interfaces,
  onBegun,
  onStarted,
  onBack,
}: {
  interfaces: readonly string[]
  onBegun: () => void
  onStarted: (capture: string) => void
  onBack: (() => void) | undefined
}) {
  const editor = useEditor()
  const t = useCaptureTexts()
  const known = usePart(editor.lab.scene, (scene) => scene.interfaces)
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set(interfaces))
  const [filter, setFilter] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string>()

  const start = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    try {
      const lab = editor.session.current.get() ?? ''
      const asked = { type: 'start-capture' as const, lab, interfaces: [...chosen], filter }
      const started = await editor.session.connection.request<'start-capture'>(asked).done
      onStarted(started.capture)
    } catch (failure) {
      if (failure instanceof ProblemError) setError(failure.problem.message)
      else editor.fail(failure)
      setBusy(false)
    }
  }
  const toggle = (ref: string): void => {
    onBegun()
    const next = new Set(chosen)
    if (!next.delete(ref)) next.add(ref)
    choose(next)
  }
  const write = (text: string): void => {
    onBegun()
    setFilter(text)
  }
  return (
    <form className={styles.start} onSubmit={(e) => void start(e)} aria-label={t.another}>
      <p className={styles.lead}>{t.first}</p>
      <fieldset className={styles.interfaces}>
        <legend>{t.interfaces}</legend>
        {[...known.keys()].map((ref) => (
          <label key={ref} className={styles.choice}>
            <input type="checkbox" checked={chosen.has(ref)} onChange={() => toggle(ref)} />
            <span className="mono">{ref}</span>
          </label>
        ))}
      </fieldset>
      <Field label={t.captureFilter} hint={t.captureFilterHint} error={error} className={styles.filterField}>
        {(ids) => <Input mono {...ids} value={filter} onChange={(e) => write(e.target.value)} />}
      </Field>
      <div className={styles.buttons}>
        <Needs>
          <Button type="submit" variant="primary" disabled={chosen.size === 0 || busy}>
            {busy ? t.starting : t.start}
          </Button>
        </Needs>
        {onBack && <Button onClick={onBack}>{t.captures}</Button>}
      </div>
    </form>
  )
}
