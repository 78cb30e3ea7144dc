import { useEffect, useState } from 'react'
import { useEditor } from '@/editor'
import type { ProcessesLive } from '@/protocol'
import { useRecord } from '@/store'
import { Button, useValue } from '@/ui'
import { Refused, Section, said, styles } from '../parts'
import { usePanelTexts } from '../texts'

const TERM = 15
const KILL = 9
/** How long a process has to end before killing it is offered. */
const PATIENCE_MS = 2000

/** What runs in a namespace, and what waits there for others (`ss -ltunp`). */
export function Processes({ name }: { name: string }) {
  const t = usePanelTexts()
  const record = useRecord(useEditor().lab.live, `processes:${name}`)
  if (record?.kind !== 'processes') return null
  const { rows = [], sockets = [] } = record
  return (
    <>
      {sockets.length > 0 && (
        <Section title={t.listening}>
          <Sockets sockets={sockets} rows={rows} />
        </Section>
      )}
      {rows.length > 0 && (
        <Section title={t.processes}>
          <ul className={styles.rows}>
            {rows.map(({ pid, command }) => (
              <li key={pid} className={styles.row}>
                <span className="mono">{pid}</span>
                <span className={`${styles.grow} mono`}>{command}</span>
                {pid !== 1 && <End pid={pid} command={command} />}
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  )
}

type Rows<K extends 'rows' | 'sockets'> = NonNullable<ProcessesLive[K]>

function Sockets({ sockets, rows }: { sockets: Rows<'sockets'>; rows: Rows<'rows'> }) {
  const t = usePanelTexts()
  const commands = new Map(rows.map((row) => [row.pid, row.command]))
  return (
    <table className={styles.table} aria-label={t.listening}>
      <thead>
        <tr>
          <th>{t.protocol}</th>
          <th>{t.address}</th>
          <th>{t.listenPort}</th>
          <th>{t.process}</th>
          <th />
        </tr>
      </thead>
      <tbody className="mono">
        {sockets.map(({ protocol, address, port, pid }) => {
          const command = pid == null ? undefined : commands.get(pid)
          return (
            <tr key={`${protocol} ${address} ${port} ${pid}`}>
              <td>{protocol}</td>
              <td>{address}</td>
              <td>{port}</td>
              <td>{command ?? t.kernelsOwn}</td>
              <td>{pid != null && command && <End pid={pid} command={command} />}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

/** SIGTERM first; a process that is still there after a while can be killed. */
function End({ pid, command }: { pid: number; command: string }) {
  const t = usePanelTexts()
  const editor = useEditor()
  const lab = useValue(editor.session.current) ?? ''
  const [asked, setAsked] = useState(false)
  const [late, setLate] = useState(false)
  const [error, setError] = useState<string>()
  useEffect(() => {
    if (!asked) return
    const timer = setTimeout(() => setLate(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [asked])
  const end = (signal: number): void => {
    setError(undefined)
    editor.session.connection.request<'end-process'>({ type: 'end-process', lab, pid, signal }).done.then(
      () => setAsked(true),
      (reason) => setError(said(reason)),
    )
  }
  const name = `${pid} ${command}`
  return (
    <>
      <Button
        size="s"
        variant="danger"
        disabled={asked && !late}
        aria-label={late ? t.killProcess(name) : t.endProcess(name)}
        onClick={() => end(late ? KILL : TERM)}
      >
        {late ? t.kill : asked ? t.ending : t.endIt}
      </Button>
      <Refused text={error} />
    </>
  )
}
