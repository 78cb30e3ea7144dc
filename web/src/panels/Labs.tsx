import { ChevronDown } from 'lucide-react'
import { useState } from 'react'
import { canRun, makeLab, Needs, newLab, useDenied, useEditor, whyNot } from '@/editor'
import type { LabInfo, Policy } from '@/protocol'
import { Button, Dialog, Field, Input, Menu, type MenuEntry, Select, usePart, useValue } from '@/ui'
import { Examples } from './Examples'
import { Refused, RemoveButton, said, styles } from './parts'
import { usePanelTexts } from './texts'

/** In the top bar: the open lab, its state and policy, and the switch to other labs. */
export function LabSwitcher() {
  const t = usePanelTexts()
  const editor = useEditor()
  const current = useValue(editor.session.current)
  const labs = useValue(editor.session.labs) ?? []
  const info = usePart(editor.lab.meta, (meta) => meta.info)
  const entries: MenuEntry[] = [
    ...labs.map((lab) => ({
      key: lab.lab,
      label: `${lab.lab} · ${t.stateOf(lab.state)}`,
      checked: lab.lab === current,
      onSelect: () => void editor.session.open(lab.lab),
    })),
    null,
    {
      key: 'new',
      label: t.newLab,
      disabled: !canRun(newLab, editor),
      title: whyNot(newLab, editor),
      onSelect: () => editor.dialog.set({ kind: 'new-lab' }),
    },
    { key: 'all', label: t.allLabs, onSelect: () => editor.dialog.set({ kind: 'labs' }) },
  ]
  return (
    <>
      <Menu
        entries={entries}
        trigger={
          <Button variant="plain" aria-label={t.labMenu(current ?? '')}>
            <strong>{current ?? t.noLab}</strong>
            <ChevronDown size={14} />
          </Button>
        }
      />
      {info && (
        <>
          <span className={styles.kind}>{t.stateOf(info.state)}</span>
          <Needs>
            <PolicySelect policy={info.policy} />
          </Needs>
        </>
      )}
    </>
  )
}

function PolicySelect({ policy }: { policy: Policy }) {
  const t = usePanelTexts()
  const editor = useEditor()
  return (
    <Select
      aria-label={t.policy}
      title={useDenied() ?? t.policyHint}
      compact
      className={styles.policy}
      value={policy}
      onChange={(e) => void editor.edit([{ do: 'set-lab', policy: e.target.value as Policy }], t.policy)}
    >
      {(['follow', 'flag', 'enforce'] as const).map((one) => (
        <option key={one} value={one}>
          {t.policyName(one)}
        </option>
      ))}
    </Select>
  )
}

export function LabsDialog() {
  const t = usePanelTexts()
  const editor = useEditor()
  const labs = useValue(editor.session.labs) ?? []
  return (
    <Dialog title={t.allLabs} wide onClose={() => editor.dialog.set(null)}>
      <ul className={styles.rows}>
        {labs.map((info) => (
          <LabRow key={info.lab} info={info} />
        ))}
      </ul>
      <Button onClick={() => editor.dialog.set({ kind: 'new-lab' })}>{t.newLab}</Button>
    </Dialog>
  )
}

function LabRow({ info }: { info: LabInfo }) {
  const t = usePanelTexts()
  const editor = useEditor()
  const [error, setError] = useState<string>()
  const [sure, setSure] = useState(false)
  const ask = async (type: 'start' | 'stop' | 'destroy'): Promise<void> => {
    setError(undefined)
    try {
      await editor.session.connection.request<typeof type>({ type, lab: info.lab }).done
      if (type === 'destroy' && editor.session.current.get() === info.lab) editor.session.leave()
    } catch (reason) {
      setError(said(reason))
    }
  }
  const busy = info.state === 'starting' || info.state === 'stopping'
  return (
    <li className={styles.row}>
      <span className={styles.grow}>
        <button
          type="button"
          className={styles.link}
          onClick={() => {
            void editor.session.open(info.lab)
            editor.dialog.set(null)
          }}
        >
          {info.lab}
        </button>{' '}
        <span className={styles.dim}>
          {t.stateOf(info.state)} · {t.namespaces(info.namespaces)}
        </span>
        <Refused text={error ?? info.problem?.message} />
      </span>
      <Needs>
        {info.state === 'live' ? (
          <Button size="s" onClick={() => void ask('stop')}>
            {t.stop}
          </Button>
        ) : (
          <Button size="s" disabled={busy} onClick={() => void ask('start')}>
            {t.start}
          </Button>
        )}
      </Needs>
      <Needs what="admin">
        {sure ? (
          <Button size="s" variant="danger" onClick={() => void ask('destroy')}>
            {t.deleteLab(info.lab)}
          </Button>
        ) : (
          <RemoveButton name={info.lab} onClick={() => setSure(true)} />
        )}
      </Needs>
    </li>
  )
}

export function NewLabDialog() {
  const t = usePanelTexts()
  const editor = useEditor()
  const labs = useValue(editor.session.labs) ?? []
  const free = (): string => {
    let n = 1
    while (labs.some((l) => l.lab === `lab-${n}`)) n += 1
    return `lab-${n}`
  }
  const [name, setName] = useState(free)
  const [error, setError] = useState<string>()
  const [busy, setBusy] = useState(false)
  const make = async (): Promise<void> => {
    setBusy(true)
    try {
      await makeLab(editor, name)
      editor.dialog.set(null)
    } catch (reason) {
      setError(said(reason))
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={t.newLab}
      wide
      onClose={() => editor.dialog.set(null)}
      onSubmit={() => void make()}
      footer={
        <Button type="submit" variant="primary" disabled={busy}>
          {busy ? t.making : t.make}
        </Button>
      }
    >
      <Field label={t.name} hint={t.labNameHint} error={error}>
        {(ids) => <Input {...ids} autoFocus value={name} onChange={(e) => setName(e.target.value)} />}
      </Field>
      <Examples onMade={() => editor.dialog.set(null)} />
    </Dialog>
  )
}
