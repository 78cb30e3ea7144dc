import { useEffect, useState } from 'react'
import { errorMessage, useEditor } from '@/editor'
import type { Family } from '@/protocol'
import { announce, Button, Dialog, Segments, Switch } from '@/ui'
import { FAMILY } from '../Cell'
import { usePanel } from '../context'
import styles from './Exchange.module.css'
import { useExchangeTexts } from './texts'

/** What iptables-save prints in the namespace. */
export function ExportRulesDialog({ onClose }: { onClose: () => void }) {
  const t = useExchangeTexts()
  const editor = useEditor()
  const { namespace, families } = usePanel()
  const [family, setFamily] = useState<Family>(families[0] ?? 'ipv4')
  const [counters, setCounters] = useState(false)
  const [text, setText] = useState<string | null>(null)
  const [error, setError] = useState<string>()
  useEffect(() => {
    let here = true
    setText(null)
    setError(undefined)
    const lab = editor.session.current.get() ?? ''
    editor.session.connection
      .request<'export-rules'>({ type: 'export-rules', lab, namespace, family, counters })
      .done.then(
        (result) => here && setText(result.text),
        (reason) => here && setError(errorMessage(reason)),
      )
    return () => {
      here = false
    }
  }, [editor, namespace, family, counters])
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text ?? '')
    announce(t.copied)
  }
  return (
    <Dialog
      title={t.exportTitle(namespace)}
      wide
      onClose={onClose}
      footer={
        <>
          <Button disabled={text === null} onClick={() => void copy()}>
            {t.copy}
          </Button>
          <Button
            variant="primary"
            disabled={text === null}
            onClick={() => save(text ?? '', `${namespace}.${family === 'ipv6' ? 'v6' : 'v4'}.rules`)}
          >
            {t.download}
          </Button>
        </>
      }
    >
      <div className={styles.line}>
        <Segments
          label={t.family}
          value={family}
          options={[
            ['ipv4', FAMILY.ipv4],
            ['ipv6', FAMILY.ipv6],
          ]}
          onChange={setFamily}
        />
        <Switch label={t.counters} checked={counters} onChange={setCounters} />
      </div>
      {error ? (
        <p role="alert" className={styles.error}>
          {error}
        </p>
      ) : (
        <section aria-label={t.exportTitle(namespace)} className={styles.plan}>
          {text ? <pre>{text}</pre> : <p role="status">{text === null ? t.loading : t.none}</p>}
        </section>
      )}
    </Dialog>
  )
}

function save(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}
