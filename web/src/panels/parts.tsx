import { Trash2 } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { errorMessage, useEditor } from '@/editor'
import { type AnyCommand, interfaceId } from '@/protocol'
import { Field, IconButton, Input } from '@/ui'
import styles from './parts.module.css'
import { usePanelTexts } from './texts'

export { errorMessage as said, styles }

export function Section({ title, tools, children }: { title: string; tools?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.section} aria-label={title}>
      <div className={styles.head}>
        <h3>{title}</h3>
        {tools}
      </div>
      {children}
    </section>
  )
}

export function Facts({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={styles.facts}>
      {rows
        .filter(([, value]) => value !== undefined && value !== null && value !== '')
        .map(([name, value]) => (
          <FactRow key={name} name={name} value={value} />
        ))}
    </dl>
  )
}

const FactRow = ({ name, value }: { name: string; value: ReactNode }) => (
  <>
    <dt>{name}</dt>
    <dd className="mono">{value}</dd>
  </>
)

/** The ref of an interface; a click shows it. */
export function InterfaceLink({ ref_ }: { ref_: string }) {
  const editor = useEditor()
  return (
    <button type="button" className={styles.link} onClick={() => editor.show(interfaceId(ref_))}>
      {ref_}
    </button>
  )
}

/** Ask for an edit; returns what was refused, in the server's words, or nothing. */
export function useAsk(): (commands: readonly AnyCommand[], label: string) => Promise<string | undefined> {
  const editor = useEditor()
  return async (commands, label) => {
    try {
      await editor.request(commands, label)
      return undefined
    } catch (error) {
      return errorMessage(error)
    }
  }
}

/** A text field that applies on Enter or blur and resets on Escape; an error is shown below it. */
export function EditText({
  label,
  value,
  onCommit,
  placeholder,
  hint,
  mono = true,
  className,
  type = 'text',
}: {
  label: string
  value: string
  onCommit: (value: string) => Promise<string | undefined>
  placeholder?: string
  hint?: string | undefined
  mono?: boolean
  className?: string | undefined
  type?: 'text' | 'number'
}) {
  const [draft, setDraft] = useState(value)
  const [error, setError] = useState<string>()
  const sent = useRef<string>(undefined)
  useEffect(() => {
    setDraft(value)
    setError(undefined)
    sent.current = undefined
  }, [value])
  const commit = async (): Promise<void> => {
    const text = draft.trim()
    if (text === value) setError(undefined)
    // leaving the field after Enter does not ask again for what was just refused
    if (text === value || text === sent.current) return
    sent.current = text
    setError(await onCommit(text))
  }
  return (
    <Field label={label} hint={hint} error={error} className={className}>
      {(ids) => (
        <Input
          {...ids}
          mono={mono}
          inputMode={type === 'number' ? 'numeric' : 'text'}
          value={draft}
          placeholder={placeholder}
          onChange={(e) => setDraft(e.target.value)}
          onBlur={commit}
          onKeyDown={(e) => {
            if (e.key === 'Enter') void commit()
            if (e.key === 'Escape') {
              setDraft(value)
              setError(undefined)
            }
          }}
        />
      )}
    </Field>
  )
}

/** A button that deletes something of a list. */
export const RemoveButton = ({ name, onClick }: { name: string; onClick: () => void }) => (
  <IconButton label={usePanelTexts().remove(name)} onClick={onClick}>
    <Trash2 size={14} />
  </IconButton>
)

/** A number, or the text itself: the server then says what is wrong with it. */
export const asNumber = (text: string): number | string => (/^-?\d+$/.test(text) ? Number(text) : text)

export const Refused = ({ text }: { text: string | undefined }) =>
  text ? (
    <p role="alert" className={styles.error}>
      {text}
    </p>
  ) : null

/** Seconds that count up from `age`, which is the age at the time of `report`; another report starts again. */
export function useSince(age: number, report: unknown): number {
  const [start, setStart] = useState(() => Date.now())
  const [now, setNow] = useState(() => Date.now())
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new report starts the count again
  useEffect(() => {
    setStart(Date.now())
    setNow(Date.now())
  }, [age, report])
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return Math.round(age + (now - start) / 1000)
}
