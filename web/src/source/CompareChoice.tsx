import { type ReactNode, useEffect, useState } from 'react'
import { allSaid, refuseTooLong, useEditor } from '@/editor'
import type { Change, Side } from '@/protocol'
import { FileButton, Select, useValue } from '@/ui'
import { useCompareTexts } from './compareTexts'
import styles from './source.module.css'

export type With = 'document' | 'lab' | 'history'

/** Two sides, and what they are called. */
export interface Chosen {
  before: Side
  after: Side
  from: string
  to: string
}

interface ChoiceProps {
  lab: string
  onChosen: (chosen: Chosen | undefined, problem?: string) => void
}

/** What the lab is compared with. */
export function CompareChoice({ kind, ...props }: ChoiceProps & { kind: With }) {
  if (kind === 'history') return <Points {...props} />
  return kind === 'lab' ? <OtherLab {...props} /> : <File {...props} />
}

function OtherLab({ lab, onChosen }: ChoiceProps) {
  const t = useCompareTexts()
  const others = (useValue(useEditor().session.labs) ?? []).filter((info) => info.lab !== lab)
  if (others.length === 0) return <span className={styles.verdict}>{t.noOtherLab}</span>
  return (
    <span className={styles.point}>
      <Select
        compact
        aria-label={t.otherLab}
        defaultValue=""
        onChange={({ target }) => onChosen({ before: {}, after: { lab: target.value }, from: lab, to: target.value })}
      >
        <option value="" disabled>
          {t.chooseLab}
        </option>
        {others.map((info) => (
          <option key={info.lab}>{info.lab}</option>
        ))}
      </Select>
    </span>
  )
}

function File({ lab, onChosen }: ChoiceProps) {
  const t = useCompareTexts()
  const read = async (file: File | undefined): Promise<void> => {
    if (!file) return
    try {
      refuseTooLong(file)
      onChosen({ before: {}, after: { document: await file.text() }, from: lab, to: file.name })
    } catch (reason) {
      onChosen(undefined, allSaid(reason))
    }
  }
  return <FileButton name={t.file} accept=".json,application/json" onFiles={([file]) => void read(file)} />
}

const NOW = 'now'

/** Two points of the history; one of them may be the lab as it is. */
function Points({ lab, onChosen }: ChoiceProps) {
  const t = useCompareTexts()
  const changes = useChanges(lab)
  const [from, setFrom] = useState('')
  const [to, setTo] = useState(NOW)
  const name = (value: string): string => {
    if (value === NOW) return t.now
    const change = changes.find(({ number }) => String(number) === value)
    return change ? t.point(change.number, change.context.label ?? '') : t.first
  }
  const side = (value: string): Side => (value === NOW ? {} : { number: Number(value) })
  const choose = (one: string, other: string): void => {
    setFrom(one)
    setTo(other)
    if (one !== '') onChosen({ before: side(one), after: side(other), from: name(one), to: name(other) })
  }
  const points = (
    <>
      <option value={NOW}>{t.now}</option>
      {changes.map(({ number, context }) => (
        <option key={number} value={number}>
          {t.point(number, context.label ?? '')}
        </option>
      ))}
      <option value="0">{t.first}</option>
    </>
  )
  return (
    <>
      <Point label={t.from} value={from} onChange={(value) => choose(value, to)}>
        <option value="" disabled>
          {t.choosePoint}
        </option>
        {points}
      </Point>
      <Point label={t.to} value={to} onChange={(value) => choose(from, value)}>
        {points}
      </Point>
    </>
  )
}

function Point({
  label,
  value,
  onChange,
  children,
}: {
  label: string
  value: string
  onChange: (value: string) => void
  children: ReactNode
}) {
  return (
    <span className={styles.point}>
      <span aria-hidden="true">{label}</span>
      <Select compact aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
        {children}
      </Select>
    </span>
  )
}

function useChanges(lab: string): readonly Change[] {
  const editor = useEditor()
  const [changes, setChanges] = useState<readonly Change[]>([])
  const version = useValue(editor.lab.revision)
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when the lab has changed
  useEffect(() => {
    let here = true
    editor.session.connection
      .request<'history'>({ type: 'history', lab })
      .done.then((page) => here && setChanges(page.changes))
      .catch(() => undefined)
    return () => {
      here = false
    }
  }, [editor, lab, version])
  return changes
}
