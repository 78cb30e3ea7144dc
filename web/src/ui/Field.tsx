import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from 'react'
import { cx } from './class'
import styles from './Field.module.css'

/** A label over a control. `children` gets the id (and the hint's id) to put on it. */
export function Field({
  label,
  hint,
  error,
  children,
  className,
}: {
  label: ReactNode
  hint?: ReactNode
  error?: string | undefined
  children: (ids: {
    id: string
    'aria-describedby': string | undefined
    'aria-invalid': boolean | undefined
  }) => ReactNode
  className?: string | undefined
}) {
  const id = useId()
  const about = error || hint ? `${id}-about` : undefined
  return (
    <div className={cx(styles.field, className)}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      {children({ id, 'aria-describedby': about, 'aria-invalid': error ? true : undefined })}
      {(error || hint) && (
        <div id={about} className={error ? styles.error : styles.hint}>
          {error || hint}
        </div>
      )}
    </div>
  )
}

/** `compact`: in toolbars and rows, as high as small buttons. */
interface Look {
  mono?: boolean
  compact?: boolean
}

export function Input({ mono, compact, className, ...rest }: InputHTMLAttributes<HTMLInputElement> & Look) {
  return (
    <input
      autoComplete="off"
      spellCheck={false}
      {...rest}
      className={cx(styles.input, mono && 'mono', compact && styles.compact, className)}
    />
  )
}

export function Select({ mono, compact, className, ...rest }: SelectHTMLAttributes<HTMLSelectElement> & Look) {
  return (
    <select
      {...rest}
      className={cx(styles.input, mono && 'mono', compact && styles.compact, styles.select, className)}
    />
  )
}

/** An on/off switch with its `label` beside it. */
export function Switch({
  label,
  checked,
  onChange,
  disabled,
  hideLabel,
}: {
  label: string
  checked: boolean
  onChange: (checked: boolean) => void
  disabled?: boolean
  hideLabel?: boolean
}) {
  return (
    <label className={styles.switch}>
      <input
        type="checkbox"
        role="switch"
        aria-checked={checked}
        checked={checked}
        disabled={disabled}
        onChange={(e) => onChange(e.target.checked)}
      />
      <span className={styles.track} aria-hidden="true" />
      <span className={hideLabel ? 'visually-hidden' : undefined}>{label}</span>
    </label>
  )
}
