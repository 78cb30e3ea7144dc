import { type ReactNode, useId, useState } from 'react'
import { Field, Input, Select } from '@/ui'
import styles from './Form.module.css'
import { useWriteTexts } from './texts'

/** The ids that a field passes to its control. */
export interface Ids {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': boolean | undefined
}

/** A field with its label and, where it can be negated, the `!` in front. */
export function Line({
  label,
  hint,
  negated = false,
  onNegate,
  wide,
  group,
  children,
}: {
  label: string
  hint?: ReactNode
  negated?: boolean
  onNegate?: ((negated: boolean) => void) | undefined
  wide?: boolean
  /** It holds several buttons, not one control. */
  group?: boolean
  children: (ids: Ids) => ReactNode
}) {
  const t = useWriteTexts()
  const not = onNegate && (
    <button
      type="button"
      className={styles.not}
      aria-pressed={negated}
      aria-label={t.notOf(label)}
      title={t.notOf(label)}
      onClick={() => onNegate(!negated)}
    >
      !
    </button>
  )
  if (group) {
    return (
      // biome-ignore lint/a11y/useSemanticElements: inside of a fieldset a second one says too much
      <div role="group" aria-label={label} className={wide ? styles.wide : undefined}>
        <div className={styles.label}>{label}</div>
        <div className={styles.line}>
          {not}
          {children({ id: '', 'aria-describedby': undefined, 'aria-invalid': undefined })}
        </div>
      </div>
    )
  }
  return (
    <Field label={label} hint={hint} className={wide ? styles.wide : undefined}>
      {(ids) => (
        <div className={styles.line}>
          {not}
          {children(ids)}
        </div>
      )}
    </Field>
  )
}

/** Free text, with what is known as proposals. */
export function Typed({
  value,
  known = [],
  onChange,
  ...rest
}: Ids & {
  value: string
  known?: readonly { value: string; label: string }[]
  placeholder?: string
  disabled?: boolean
  onChange: (value: string) => void
}) {
  const list = useId()
  return (
    <>
      <Input
        {...rest}
        mono
        compact
        className={styles.input}
        list={known.length > 0 ? list : undefined}
        value={value}
        onChange={(e) => onChange(e.target.value)}
      />
      {known.length > 0 && (
        <datalist id={list}>
          {known.map((one) => (
            <option key={`${one.value} ${one.label}`} value={one.value}>
              {one.label}
            </option>
          ))}
        </datalist>
      )}
    </>
  )
}

const OTHER = '\u0000other'

/** One of what there is, or something else that is typed. */
export function Choice({
  value,
  options,
  onChange,
  disabled = false,
  ...ids
}: Ids & { value: string; options: readonly string[]; disabled?: boolean; onChange: (value: string) => void }) {
  const t = useWriteTexts()
  const [typing, setTyping] = useState(false)
  if (typing) {
    return (
      <Input
        {...ids}
        mono
        compact
        autoFocus
        className={styles.input}
        value={value}
        onBlur={() => setTyping(false)}
        onChange={(e) => onChange(e.target.value)}
      />
    )
  }
  return (
    <Select
      {...ids}
      compact
      className={styles.input}
      value={value}
      disabled={disabled}
      onChange={(e) => (e.target.value === OTHER ? setTyping(true) : onChange(e.target.value))}
    >
      <option value="">{t.any}</option>
      {value !== '' && !options.includes(value) && <option>{value}</option>}
      {options.map((one) => (
        <option key={one}>{one}</option>
      ))}
      <option value={OTHER}>{t.other}</option>
    </Select>
  )
}
