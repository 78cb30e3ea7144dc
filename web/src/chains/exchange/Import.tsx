import { type DragEvent, useState } from 'react'
import { ProblemError } from '@/connection'
import { said, useEditor } from '@/editor'
import type { AnyCommand, Family, Planned } from '@/protocol'
import { Button, Dialog, Field, Select, Switch } from '@/ui'
import { FAMILY } from '../Cell'
import { usePanel } from '../context'
import { FAMILIES } from '../model/hooks'
import styles from './Exchange.module.css'
import { type ExchangeTexts, useExchangeTexts } from './texts'

type Look = { planned: Planned; command: AnyCommand } | null

/** A file of iptables-save: what it would change is seen before it does. */
export function ImportRulesDialog({ onClose }: { onClose: () => void }) {
  const t = useExchangeTexts()
  const editor = useEditor()
  const { namespace, families } = usePanel()
  const [text, setText] = useState('')
  const [family, setFamily] = useState<Family>(families[0] ?? 'ipv4')
  const [keep, setKeep] = useState(false)
  const [look, setLook] = useState<Look>(null)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string>()
  const take = (next: string): void => {
    setText(next)
    setFamily((now) => familyOf(next) ?? now)
    setLook(null)
    setError(undefined)
  }
  const attempt = async (deed: () => Promise<void>): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      await deed()
    } catch (reason) {
      setError(placed(reason, t))
    } finally {
      setBusy(false)
    }
  }
  const preview = (): Promise<void> =>
    attempt(async () => {
      const command: AnyCommand = { do: 'import-rules', namespace, text, family, keep }
      setLook({ planned: await editor.plan([command]), command })
    })
  const apply = (command: AnyCommand): Promise<void> =>
    attempt(async () => {
      await editor.request([command], t.imported(namespace), false)
      onClose()
    })
  const drop = async (event: DragEvent): Promise<void> => {
    const file = event.dataTransfer.files[0]
    if (!file) return
    event.preventDefault()
    take(await file.text())
  }
  const changes = look?.planned.shell.length ?? 0
  return (
    <Dialog
      title={t.importTitle(namespace)}
      description={t.about}
      wide
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.cancel}</Button>
          {look ? (
            <Button variant="primary" disabled={busy || changes === 0} onClick={() => void apply(look.command)}>
              {busy ? t.applying : t.apply(changes)}
            </Button>
          ) : (
            <Button variant="primary" disabled={busy || text.trim() === ''} onClick={() => void preview()}>
              {busy ? t.looking : t.preview}
            </Button>
          )}
        </>
      }
    >
      <div className={styles.line}>
        <input
          type="file"
          aria-label={t.file}
          onChange={async (event) => {
            const file = event.target.files?.[0]
            if (file) take(await file.text())
          }}
        />
        <Field label={t.family} className={styles.family}>
          {(ids) => (
            <Select
              {...ids}
              value={family}
              onChange={(event) => {
                setFamily(event.target.value === 'ipv6' ? 'ipv6' : 'ipv4')
                setLook(null)
              }}
            >
              {FAMILIES.map((one) => (
                <option key={one} value={one}>
                  {FAMILY[one]}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Switch
          label={t.keep}
          checked={keep}
          onChange={(next) => {
            setKeep(next)
            setLook(null)
          }}
        />
      </div>
      <textarea
        className={styles.area}
        aria-label={t.text}
        placeholder={`*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n\n${t.drop}`}
        spellCheck={false}
        value={text}
        onChange={(event) => take(event.target.value)}
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => void drop(event)}
      />
      {error && (
        <p role="alert" className={styles.error}>
          {error}
        </p>
      )}
      {look && (
        <section aria-label={t.plan} className={styles.plan}>
          {changes === 0 ? t.nothing : <Changes shell={look.planned.shell} />}
        </section>
      )}
    </Dialog>
  )
}

/** What is wrong, and with which rule of which chain. */
function placed(error: unknown, t: ExchangeTexts): string {
  const { subject, rule } = error instanceof ProblemError ? error.problem : {}
  if (!subject?.startsWith('chain:')) return said(error)
  const [, , table, ...name] = subject.split('/')
  const chain = `${table} ${name.join('/')}`
  return `${rule ? t.at(chain, rule) : chain}: ${said(error)}`
}

/** As ip6tables-save and iptables-save themselves say it. */
function familyOf(text: string): Family | undefined {
  const program = /^# Generated by (ip6?)tables/m.exec(text.slice(0, 2000))?.[1]
  return program === undefined ? undefined : program === 'ip6' ? 'ipv6' : 'ipv4'
}

/** The commands that do the same, by table. */
function Changes({ shell }: { shell: readonly string[] }) {
  const byTable = new Map<string, string[]>()
  for (const line of shell) {
    const table = `${/^ip6tables/.test(line) || / ip6tables /.test(line) ? 'IPv6 ' : ''}${/ -t (\w+)/.exec(line)?.[1] ?? 'filter'}`
    byTable.set(table, [...(byTable.get(table) ?? []), line])
  }
  return [...byTable].map(([table, lines]) => (
    <div key={table}>
      <h4>
        {table} <small>{lines.length}</small>
      </h4>
      <pre>
        {lines.slice(0, MOST).map((line, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a plan do not move
          <div key={i} data-sign={/ -(D|X|F) /.test(line) ? '-' : '+'}>
            {line}
          </div>
        ))}
        {lines.length > MOST && `… ${lines.length - MOST}`}
      </pre>
    </div>
  ))
}

/** More lines than this nobody reads. */
const MOST = 300
