import type { ReactNode } from 'react'
import { applyStaged, discardStaged, Needs, runAction, showPlan, useDenied, useEditor } from '@/editor'
import { Button, Tooltip, useValue } from '@/ui'
import styles from './App.module.css'
import { useAppTexts } from './texts'

/** One calm line under the top bar: the connection, else the lab's state, else drift. */
export function Banner() {
  const t = useAppTexts()
  const editor = useEditor()
  const wire = useValue(editor.session.connection.state)
  const { info, drift } = useValue(editor.lab.meta)
  const staging = useValue(editor.staging.state)
  const denied = useDenied()
  if (wire === 'denied') return <Line level="error">{t.denied}</Line>
  if (wire === 'lost') return <Line level="warning">{t.lost}</Line>
  if (wire === 'connecting') return <Line>{t.connecting}</Line>
  if (info?.state === 'starting') return <Line>{t.starting}</Line>
  if (info?.state === 'silent' || info?.silent_since)
    return <Line level="warning">{t.silent(clock(info.silent_since))}</Line>
  if (info?.state === 'stopping') return <Line>{t.stopping}</Line>
  if (info?.state === 'stopped') return <Stopped text={t.notRunning} />
  if (info?.state === 'failed') return <Stopped level="error" text={info.problem?.message ?? t.failed} />
  if (drift.size > 0) return <Drift n={drift.size} />
  if (staging.on || staging.edits.length > 0) return <Staged n={staging.edits.length} busy={staging.busy} />
  return denied ? <Line>{denied}</Line> : null
}

/** The time of day of an RFC 3339 time, on this machine's clock. */
function clock(time?: string | null): string {
  return time ? new Date(time).toLocaleTimeString() : ''
}

function Line({ level, children }: { level?: 'warning' | 'error' | 'staged'; children: ReactNode }) {
  return (
    <div className={styles.banner} data-level={level} role="status">
      {typeof children === 'string' ? <p>{children}</p> : <Needs>{children}</Needs>}
    </div>
  )
}

function Stopped({ text, level }: { text: string; level?: 'error' }) {
  const t = useAppTexts()
  const editor = useEditor()
  const start = (): void => {
    const lab = editor.session.current.get() ?? ''
    editor.session.connection.request<'start'>({ type: 'start', lab }).done.catch((error) => editor.fail(error))
  }
  return (
    <Line {...(level ? { level } : {})}>
      <p>{text}</p>
      <Button size="s" onClick={start}>
        {t.start}
      </Button>
    </Line>
  )
}

function Staged({ n, busy }: { n: number; busy: boolean }) {
  const t = useAppTexts()
  const editor = useEditor()
  return (
    <Line level="staged">
      <p>{t.staged(n)}</p>
      <Button size="s" onClick={() => runAction(showPlan, editor)}>
        {t.review}
      </Button>
      {n === 0 ? (
        <Button size="s" onClick={() => editor.staging.switch(false)}>
          {t.stopStaging}
        </Button>
      ) : (
        <>
          <Button size="s" disabled={busy} onClick={() => runAction(discardStaged, editor)}>
            {t.discard}
          </Button>
          <Button size="s" variant="primary" disabled={busy} onClick={() => runAction(applyStaged, editor)}>
            {t.applyAll}
          </Button>
        </>
      )}
    </Line>
  )
}

function Drift({ n }: { n: number }) {
  const t = useAppTexts()
  const editor = useEditor()
  return (
    <Line level="warning">
      <p>{t.drift(n)}</p>
      <Tooltip text={t.keepHint}>
        <Button size="s" onClick={() => editor.edit([{ do: 'keep-drift' }], t.kept, false)}>
          {t.keep}
        </Button>
      </Tooltip>
      <Tooltip text={t.revertHint}>
        <Button size="s" onClick={() => editor.edit([{ do: 'revert-drift' }], t.reverted, false)}>
          {t.revert}
        </Button>
      </Tooltip>
    </Line>
  )
}
