import { Search } from 'lucide-react'
import { cx } from '@/ui'
import styles from './SearchBox.module.css'

/** Where to write what a list is to be narrowed to. */
export function SearchBox(props: {
  label: string
  hint: string
  value: string
  onChange: (text: string) => void
  className?: string | undefined
}) {
  return (
    <label className={cx(styles.search, props.className)}>
      <Search size={13} aria-hidden="true" />
      <input
        type="search"
        aria-label={props.label}
        placeholder={props.hint}
        value={props.value}
        spellCheck={false}
        onChange={(e) => props.onChange(e.target.value)}
      />
    </label>
  )
}
