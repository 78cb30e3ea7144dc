import {
  type KeyboardEvent,
  type MouseEvent,
  type RefObject,
  useCallback,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from 'react'
import { cx } from '@/ui'
import { type Panel, sameSpot, useCounters, usePanel, type Writing } from './context'
import { carriedNow, carriesRules, endCarry } from './drag'
import type { ChainView } from './model/digest'
import styles from './RuleList.module.css'
import { RuleRow, type Reading as Shown } from './RuleRow'
import { useChainsTexts } from './texts'
import type { Notes } from './useNotes'
import { usePacketRule } from './usePacketHere'
import { ROW, useRows } from './useRows'
import { type RuleActions, useRuleActions } from './useRuleActions'

export type { Shown }

/** The rules of a chain, in their order; only those in view are drawn. */
export function RuleList({
  chain,
  numbers,
  filtered,
  search,
  shown,
  notes,
  selected,
  onSelect,
}: {
  chain: ChainView
  /** The numbers of the rules to show. */
  numbers: readonly number[]
  filtered: boolean
  search: string
  shown: Shown
  notes: Notes
  selected: ReadonlySet<number>
  onSelect: (numbers: ReadonlySet<number>) => void
}) {
  const t = useChainsTexts()
  const panel = usePanel()
  const actions = useRuleActions()
  const counters = useCounters(chain.family, chain.table)
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useRows(scroller, numbers.length)
  const id = useId()
  const [cursor, setCursor] = useState(0)
  const [over, setOver] = useState<number | null>(null)
  const pick = usePick(numbers, selected, onSelect, setCursor)
  const at = Math.min(cursor, Math.max(0, numbers.length - 1))
  useFocusBack(panel.writing, chain, scroller)
  const packet = usePacketRule(panel.namespace, chain)
  useShow(panel.writing?.draft.kind === 'change' ? panel.writing.draft.at : packet.number, numbers, rows.show)
  const reading = counters.chains.get(chain.name)
  const rates = counters.rates.get(chain.name)
  const own = notes.get(chain.id)
  const all = (): void => onSelect(new Set(numbers))
  const press = keys({ chain, numbers, at, selected, filtered, actions, pick, all, setCursor, show: rows.show, panel })
  const now = useRef(selected)
  now.current = selected
  const carried = useCallback((number: number) => (now.current.has(number) ? [...now.current] : [number]), [])
  const drop = (index: number): void => {
    const carried = carriedNow()
    setOver(null)
    if (!carried || carried.from.id !== chain.id) return
    endCarry()
    void actions.move(chain, carried.numbers, numbers[index] ?? chain.rules.length + 1)
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <table> cannot be drawn in parts; this is the grid of the WAI-ARIA patterns
    <div
      ref={scroller}
      role="grid"
      tabIndex={0}
      className={styles.list}
      aria-label={t.rulesOf(chain.name)}
      aria-multiselectable="true"
      aria-rowcount={numbers.length}
      aria-activedescendant={numbers.length > 0 ? `${id}-${numbers[at]}` : undefined}
      onKeyDown={press}
      onDragOver={(event) => {
        if (!carriesRules(event) || filtered) return
        event.preventDefault()
        const box = event.currentTarget.getBoundingClientRect()
        const index = Math.round((event.clientY - box.top + event.currentTarget.scrollTop) / ROW)
        setOver(Math.min(Math.max(index, 0), numbers.length))
      }}
      onDragLeave={() => setOver(null)}
      onDrop={() => over !== null && drop(over)}
    >
      <div className={styles.space} style={{ height: numbers.length * ROW }}>
        {numbers.slice(rows.from, rows.to).map((number, i) => (
          <RuleRow
            key={number}
            id={`${id}-${number}`}
            chain={chain}
            number={number}
            index={rows.from + i}
            active={rows.from + i === at}
            selected={selected.has(number)}
            writing={isWriting(panel.writing, chain, number)}
            packet={number === packet.number ? packet.here : undefined}
            packets={reading?.rules[number - 1]}
            rate={rates?.rules[number - 1] ?? 0}
            search={search}
            shown={shown}
            note={own?.get(number)}
            actions={actions}
            carried={carried}
            onPick={(event) => pick(rows.from + i, event)}
          />
        ))}
        {over !== null && <div className={styles.slot} style={{ top: over * ROW - 1 }} />}
      </div>
      {numbers.length === 0 && (
        <p className={styles.empty}>
          {chain.rules.length > 0 ? t.nothingFound : chain.builtIn ? t.noRules : t.noRulesOwn}
        </p>
      )}
      {numbers.length > 0 && !filtered && (
        <p className={cx(styles.end, 'mono')}>
          {chain.policy ? t.end(chain.policy) : t.endOwn}
          {reading?.policy && <span className={styles.passed}>{t.packetsAt(String(reading.policy[0]))}</span>}
        </p>
      )}
    </div>
  )
}

const isWriting = (writing: Writing | null, chain: ChainView, number: number): boolean =>
  writing?.draft.kind === 'change' && writing.draft.at === number && sameSpot(writing.spot, chain)

/** When the rule is written, the keys go on in the list. */
function useFocusBack(writing: Writing | null, chain: ChainView, scroller: RefObject<HTMLElement | null>): void {
  const before = useRef(writing)
  useEffect(() => {
    const left = writing === null && before.current !== null && sameSpot(before.current.spot, chain)
    if (left && document.activeElement === document.body) scroller.current?.focus({ preventScroll: true })
    before.current = writing
  }, [writing, chain, scroller])
}

/** The rule that is being edited, or that a traced packet met, is in view. */
function useShow(number: number, numbers: readonly number[], show: (index: number) => void): void {
  const index = useMemo(() => numbers.indexOf(number), [number, numbers])
  useEffect(() => {
    if (index >= 0) show(index)
  }, [index, show])
}

type Pick = (index: number, how: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean }) => void

/** Click, Ctrl+click, Shift+click as lists have them. */
function usePick(
  numbers: readonly number[],
  selected: ReadonlySet<number>,
  onSelect: (numbers: ReadonlySet<number>) => void,
  setCursor: (index: number) => void,
): Pick {
  const anchor = useRef(0)
  return (index, { shiftKey, ctrlKey, metaKey }) => {
    const number = numbers[index]
    setCursor(index)
    if (number === undefined) return
    if (shiftKey) {
      const [a, b] = [Math.min(anchor.current, index), Math.max(anchor.current, index)]
      onSelect(new Set(numbers.slice(a, b + 1)))
      return
    }
    anchor.current = index
    if (ctrlKey || metaKey) {
      const next = new Set(selected)
      if (!next.delete(number)) next.add(number)
      onSelect(next)
    } else onSelect(new Set([number]))
  }
}

interface Keyboard {
  chain: ChainView
  numbers: readonly number[]
  at: number
  selected: ReadonlySet<number>
  filtered: boolean
  actions: RuleActions
  pick: Pick
  all: () => void
  setCursor: (index: number) => void
  show: (index: number) => void
  panel: Panel
}

const PLAIN = { shiftKey: false, ctrlKey: false, metaKey: false }

/** Arrows walk, Alt+arrows move the rules, Enter edits, Delete deletes, Insert adds above, Ctrl+D duplicates, Ctrl+A takes all. */
function keys(k: Keyboard): (event: KeyboardEvent | MouseEvent) => void {
  const number = k.numbers[k.at]
  const chosen = k.selected.size > 0 ? [...k.selected] : number === undefined ? [] : [number]
  const walk = (to: number, event: KeyboardEvent): void => {
    const next = Math.min(Math.max(to, 0), k.numbers.length - 1)
    k.pick(next, event.shiftKey ? { ...PLAIN, shiftKey: true } : PLAIN)
    k.show(next)
  }
  const shift = (by: -1 | 1): void => {
    if (k.filtered || chosen.length === 0) return
    const [first, last] = [Math.min(...chosen), Math.max(...chosen)]
    const before = by < 0 ? first - 1 : last + 2
    if (before < 1 || before > k.chain.rules.length + 1) return
    void k.actions.move(k.chain, chosen, before).then((done) => {
      if (!done) return
      const start = by < 0 ? first - 1 : last + 2 - chosen.length
      k.pick(start - 1, PLAIN)
      k.show(start - 1)
    })
  }
  const page = 10
  return (event) => {
    if (!('key' in event)) return
    const mod = event.ctrlKey || event.metaKey
    const deed = ((): (() => unknown) | undefined => {
      if (event.altKey && event.key === 'ArrowUp') return () => shift(-1)
      if (event.altKey && event.key === 'ArrowDown') return () => shift(1)
      if (mod && event.key.toLowerCase() === 'a') return k.all
      if (mod && event.key.toLowerCase() === 'd') return () => chosen.length > 0 && k.actions.duplicate(k.chain, chosen)
      if (mod || event.altKey) return undefined
      switch (event.key) {
        case 'ArrowUp':
          return () => walk(k.at - 1, event)
        case 'ArrowDown':
          return () => walk(k.at + 1, event)
        case 'PageUp':
          return () => walk(k.at - page, event)
        case 'PageDown':
          return () => walk(k.at + page, event)
        case 'Home':
          return () => walk(0, event)
        case 'End':
          return () => walk(k.numbers.length - 1, event)
        case ' ':
          return () => k.pick(k.at, { ...PLAIN, ctrlKey: true })
        case 'Enter':
        case 'F2':
          return () =>
            number !== undefined &&
            k.panel.write(k.chain, { kind: 'change', at: number, was: k.chain.rules[number - 1] ?? '' })
        case 'Insert':
          return () => k.panel.write(k.chain, { kind: 'new', at: number ?? null })
        case 'Delete':
        case 'Backspace':
          return () => chosen.length > 0 && k.actions.remove(k.chain, chosen)
        default:
          return undefined
      }
    })()
    if (!deed) return
    event.preventDefault()
    event.stopPropagation()
    deed()
  }
}
