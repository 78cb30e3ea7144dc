import styles from './Segments.module.css'

/** Choices side by side, of which one is selected. `tabs`: each shows a part of the page. */
export function Segments<T extends string>({
  label,
  value,
  options,
  tabs = false,
  onChange,
}: {
  label: string
  value: T
  options: readonly (readonly [T, string])[]
  tabs?: boolean
  onChange: (value: T) => void
}) {
  const chosen = (one: T) =>
    tabs ? { role: 'tab', 'aria-selected': value === one } : { 'aria-pressed': value === one }
  const group = { role: tabs ? 'tablist' : 'group', 'aria-label': label }
  return (
    <div className={styles.segments} {...group}>
      {options.map(([one, text]) => (
        <button key={one} type="button" {...chosen(one)} onClick={() => onChange(one)}>
          {text}
        </button>
      ))}
    </div>
  )
}
