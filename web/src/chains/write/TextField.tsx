import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { cx } from '@/ui'
import { complete, type Suggestion } from '../model/complete'
import type { RuleScope } from '../model/ruleScope'
import tokens from '../RuleText.module.css'
import { tokensOf } from '../tokens'
import { Suggestions } from './Suggestions'
import styles from './TextField.module.css'
import { useWriteTexts } from './texts'

/** What is wrong and from where to where in the text. */
export interface Wrong {
  start: number
  end: number
  message: string
}

/** The text field of a rule: coloured tokens, completion at the caret, errors underlined at their word. */
export function TextField({
  text,
  around,
  wrong,
  onChange,
  onPaste,
  onSubmit,
}: {
  text: string
  around: RuleScope
  wrong: Wrong | null
  onChange: (text: string, pasted: boolean) => void
  /** Returns whether it handled the pasted text. */
  onPaste: (text: string) => boolean
  onSubmit: () => void
}) {
  const t = useWriteTexts()
  const id = useId()
  const area = useRef<HTMLTextAreaElement>(null)
  const [caret, setCaret] = useState(text.length)
  const [open, setOpen] = useState(false)
  const offers = useMemo(() => (open ? complete(text, caret, around) : []), [open, text, caret, around])
  const [chosen, setChosen] = useState(-1)
  const first = offers[0]
  // A word that is begun is completed by Enter; at a blank, Enter means that the rule is done.
  useEffect(() => setChosen(first && first.end > first.start ? 0 : -1), [first])
  useHeight(area, text)
  useEffect(() => {
    const box = area.current
    box?.focus({ preventScroll: true })
    box?.setSelectionRange(box.value.length, box.value.length)
  }, [])
  const take = (offer: Suggestion): void => {
    const after = text.slice(offer.end)
    const gap = after === '' || !/^\s/.test(after) ? ' ' : ''
    const next = text.slice(0, offer.start) + offer.text + gap + after
    const at = offer.start + offer.text.length + 1
    onChange(next, false)
    setCaret(at)
    requestAnimationFrame(() => area.current?.setSelectionRange(at, at))
  }
  const shown = open && offers.length > 0
  const key = (event: KeyboardEvent): void => {
    const handler = keyHandler(event, { shown, offers, chosen, setChosen, take, setOpen, onSubmit })
    if (!handler) return
    event.preventDefault()
    event.stopPropagation()
    handler()
  }
  return (
    <div className={styles.field} data-wrong={wrong !== null || undefined}>
      <Mirror text={text} wrong={wrong} caret={caret} id={id} />
      <textarea
        ref={area}
        className={cx(styles.area, 'mono')}
        rows={1}
        value={text}
        placeholder={t.placeholder}
        aria-label={t.text}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-activedescendant={shown && chosen >= 0 ? `${id}-${chosen}` : undefined}
        aria-invalid={wrong !== null}
        aria-describedby={wrong ? `${id}-wrong` : undefined}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        onChange={(event) => {
          const native = event.nativeEvent as InputEvent
          const next = event.target.value.replace(/\r?\n/g, ' ')
          setCaret(event.target.selectionStart)
          setOpen(true)
          onChange(next, native.inputType !== 'insertText' && next.length > text.length + 1)
        }}
        onPaste={(event) => onPaste(event.clipboardData.getData('text/plain')) && event.preventDefault()}
        onScroll={({ currentTarget: { previousElementSibling: mirror, scrollTop } }) => mirror?.scrollTo(0, scrollTop)}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
        onKeyDown={key}
        onBlur={() => setOpen(false)}
      />
      {shown && <Suggestions id={id} offers={offers} chosen={chosen} onTake={take} />}
      {wrong && (
        <p id={`${id}-wrong`} className={styles.message} role="alert">
          {wrong.message}
        </p>
      )}
    </div>
  )
}

interface Keys {
  shown: boolean
  offers: readonly Suggestion[]
  chosen: number
  setChosen: (index: number) => void
  take: (offer: Suggestion) => void
  setOpen: (open: boolean) => void
  onSubmit: () => void
}

/** The keys of a combobox (WAI-ARIA): arrows choose, Tab or Enter accepts, Escape closes. */
function keyHandler(event: KeyboardEvent, k: Keys): (() => void) | undefined {
  const offer = k.offers[k.chosen]
  const step = (by: number) => () => k.setChosen((k.chosen + by + k.offers.length) % k.offers.length)
  if (event.key === ' ' && event.ctrlKey) return () => k.setOpen(true)
  if (k.shown) {
    if (event.key === 'ArrowDown') return step(1)
    if (event.key === 'ArrowUp') return step(k.chosen < 0 ? 0 : -1)
    if (event.key === 'Escape') return () => k.setOpen(false)
    if ((event.key === 'Enter' || event.key === 'Tab') && offer && !event.shiftKey) return () => k.take(offer)
  }
  return event.key === 'Enter' ? k.onSubmit : undefined
}

/** As high as its text. */
function useHeight(area: React.RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text may be of another height
  useLayoutEffect(() => {
    const box = area.current
    if (!box) return
    box.style.height = 'auto'
    box.style.height = `${box.scrollHeight}px`
  }, [area, text])
}

/** The same text behind the transparent one, in colours; a mark stands where the caret is, for the list of suggestions. */
function Mirror({ text, wrong, caret, id }: { text: string; wrong: Wrong | null; caret: number; id: string }) {
  const pieces = useMemo(() => {
    const cuts = [caret, wrong?.start ?? 0, wrong?.end ?? 0]
    return tokensOf(text).flatMap(({ kind, from, to }) => {
      const inner = [...new Set(cuts.filter((c) => c > from && c < to))].sort((a, b) => a - b)
      const edges = [from, ...inner, to]
      return edges.slice(0, -1).map((start, i) => ({ kind, from: start, to: edges[i + 1] ?? to }))
    })
  }, [text, wrong, caret])
  const bad = (from: number, to: number): boolean => wrong !== null && from >= wrong.start && to <= wrong.end
  return (
    <div className={cx(styles.mirror, 'mono')} aria-hidden="true">
      {caret === 0 && <span id={`${id}-caret`} />}
      {pieces.map(({ kind, from, to }) => (
        <span key={from}>
          <span className={cx(kind && tokens[kind], bad(from, to) && styles.wrong)}>{text.slice(from, to)}</span>
          {caret === to && caret > 0 && <span id={`${id}-caret`} />}
        </span>
      ))}
      {'\u200b'}
    </div>
  )
}
