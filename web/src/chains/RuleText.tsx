import { memo, type ReactNode } from 'react'
import styles from './RuleText.module.css'
import { tokensOf } from './tokens'

/** The text of a rule with its tokens coloured. `mark`: the search text, highlighted. */
export const RuleText = memo(function RuleText({ text, mark = '' }: { text: string; mark?: string }) {
  if (text === '') return <span className={styles.nothing}>∅</span>
  return (
    <span className={`${styles.rule} mono`}>
      {tokensOf(text).map(({ kind, from, to }) => (
        <span key={from} className={kind && styles[kind]}>
          {marked(text.slice(from, to), mark)}
        </span>
      ))}
    </span>
  )
})

function marked(text: string, mark: string): ReactNode {
  const at = mark === '' ? -1 : text.toLowerCase().indexOf(mark.toLowerCase())
  if (at < 0) return text
  const end = at + mark.length
  return (
    <>
      {text.slice(0, at)}
      <mark className={styles.mark}>{text.slice(at, end)}</mark>
      {text.slice(end)}
    </>
  )
}
