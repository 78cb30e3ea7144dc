import { memo, type ReactNode } from 'react'
import type { Home, Part } from './model/parts'
import { parse } from './model/parts'
import styles from './RuleText.module.css'

/** A rule's text with its words told apart. `mark` stands out (what is searched for). */
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

export interface Token {
  kind: 'option' | 'value' | 'target' | 'drop' | 'accept' | 'not' | ''
  from: number
  to: number
}

/** The text cut into what is drawn alike; together the whole text. */
export function tokensOf(text: string): Token[] {
  const out: Token[] = []
  let at = 0
  const put = (kind: Token['kind'], from: number, to: number): void => {
    if (from > at) out.push({ kind: '', from: at, to: from })
    if (to > from) out.push({ kind, from, to })
    at = to
  }
  for (const part of parse(text).parts) {
    if (part.negated) put('not', part.start, part.start + 1)
    put('option', part.sign.start, part.sign.end)
    for (const value of part.values) put(kindOf(part, value.text), value.start, value.end)
  }
  put('', text.length, text.length)
  return out
}

const isRule = (home: Home): boolean => home.kind === 'rule'

function kindOf(part: Part, value: string): Token['kind'] {
  if (!isRule(part.home) || (part.option !== 'jump' && part.option !== 'goto')) return 'value'
  if (value === 'DROP' || value === 'REJECT') return 'drop'
  return value === 'ACCEPT' ? 'accept' : 'target'
}

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
