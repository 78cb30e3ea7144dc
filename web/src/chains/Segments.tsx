import styles from './Segments.module.css'

/** A few choices side by side, of which one holds. */
export function Segments<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: T
  options: readonly (readonly [T, string])[]
  onChange: (value: T) => void
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: buttons side by side are no fieldset
    <div className={styles.segments} role="group" aria-label={label}>
      {options.map(([one, text]) => (
        <button key={one} type="button" aria-pressed={value === one} onClick={() => onChange(one)}>
          {text}
        </button>
      ))}
    </div>
  )
}
