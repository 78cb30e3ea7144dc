import { type KeyboardEvent, type RefObject, useCallback, useEffect, useId, useMemo, useRef, useState } from 'react'
import { matches, RULE_ACTIONS, RULE_VERBS, type RuleVerb } from '@/editor'
import { cx } from '@/ui'
import { sameChain, useCounters, usePanel, type Writing } from './context'
import { carriedNow, carriesRules, endCarry } from './drag'
import type { ChainView } from './model/digest'
import styles from './RuleList.module.css'
import { RuleRow, type Reading as Shown } from './RuleRow'
import { type RuleVerbContext, ruleVerbHandlers } from './ruleVerbs'
import { useChainsTexts } from './texts'
import { useInTurn } from './useInTurn'
import type { Notes } from './useNotes'
import { usePacketRule } from './usePacketHere'
import { ROW, useRows } from './useRows'
import { useRuleActions } from './useRuleActions'
import { useRulesView } from './useRulesView'

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
  onRename,
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
  onRename: () => void
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
  // a single one that is chosen is where the keys are, wherever it moves to
  const single = selected.size === 1 ? numbers.indexOf([...selected][0] ?? 0) : -1
  const at = single >= 0 ? single : Math.min(cursor, Math.max(0, numbers.length - 1))
  useFocusBack(panel.writing, chain, scroller)
  const packet = usePacketRule(panel.namespace, chain)
  useShow(panel.writing?.draft.kind === 'change' ? panel.writing.draft.at : packet.number, numbers, rows.show)
  const reading = counters.chains.get(chain.name)
  const rates = counters.rates.get(chain.name)
  const own = notes.get(chain.id)
  const after = (first: number, count: number): void => {
    pick(first - 1, PLAIN)
    if (count > 1) pick(first + count - 2, { ...PLAIN, shiftKey: true })
    rows.show(first - 1)
  }
  const number = numbers[at]
  const chosen = selected.size > 0 ? [...selected] : number === undefined ? [] : [number]
  const here: RuleVerbContext = { chain, number, chosen, filtered, actions, panel, rename: onRename, after }
  const handlers = ruleVerbHandlers(here)
  const all = (): void => onSelect(new Set(numbers))
  const run = useInTurn(handlers)
  const press = keys({ numbers, at, run, pick, all, show: rows.show })
  const onFocus = useRulesView(handlers, run)
  const now = useRef(here)
  now.current = here
  const about = useCallback((of: number): RuleVerbContext => {
    const mine = now.current.chosen.includes(of) ? now.current.chosen : [of]
    return { ...now.current, number: of, chosen: mine }
  }, [])
  const drop = (index: number): void => {
    const carried = carriedNow()
    setOver(null)
    if (!carried || carried.from.id !== chain.id) return
    endCarry()
    const mine = actions.followed(carried.from, chain, carried.numbers)
    void actions.move(chain, mine, numbers[index] ?? chain.rules.length + 1)
  }
  return (
    <div className={styles.around}>
      {/* biome-ignore lint/a11y/useSemanticElements: a <table> cannot be drawn in parts; this is the grid of the WAI-ARIA patterns */}
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
        onFocus={onFocus}
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
              about={about}
              onPick={(event) => pick(rows.from + i, event)}
            />
          ))}
          {over !== null && <div className={styles.slot} style={{ top: over * ROW - 1 }} />}
        </div>
        {numbers.length > 0 && !filtered && (
          <p className={cx(styles.end, 'mono')}>
            {chain.policy ? t.end(chain.policy) : t.endOwn}
            {reading?.policy && <span className={styles.passed}>{t.packetsAt(String(reading.policy[0]))}</span>}
          </p>
        )}
      </div>
      {numbers.length === 0 && (
        <p className={styles.empty}>
          {chain.rules.length > 0 ? t.nothingFound : chain.builtIn ? t.noRules : t.noRulesOwn}
        </p>
      )}
    </div>
  )
}

const isWriting = (writing: Writing | null, chain: ChainView, number: number): boolean =>
  writing?.draft.kind === 'change' && writing.draft.at === number && sameChain(writing.chainRef, chain)

/** When the rule is written, the keys go on in the list. */
function useFocusBack(writing: Writing | null, chain: ChainView, scroller: RefObject<HTMLElement | null>): void {
  const before = useRef(writing)
  useEffect(() => {
    const left = writing === null && before.current !== null && sameChain(before.current.chainRef, chain)
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
  numbers: readonly number[]
  at: number
  run: (verb: RuleVerb) => void
  pick: Pick
  all: () => void
  show: (index: number) => void
}

const PLAIN = { shiftKey: false, ctrlKey: false, metaKey: false }
const PAGE = 10

/** The keys of the actions on rules; arrows walk, Shift+arrows and the blank choose, Ctrl+A chooses all. */
function keys(k: Keyboard): (event: KeyboardEvent) => void {
  const walk = (to: number, event: KeyboardEvent): void => {
    const next = Math.min(Math.max(to, 0), k.numbers.length - 1)
    k.pick(next, event.shiftKey ? { ...PLAIN, shiftKey: true } : PLAIN)
    k.show(next)
  }
  const steps: Readonly<Record<string, number>> = {
    ArrowUp: k.at - 1,
    ArrowDown: k.at + 1,
    PageUp: k.at - PAGE,
    PageDown: k.at + PAGE,
    Home: 0,
    End: k.numbers.length - 1,
  }
  const handlerOf = (event: KeyboardEvent): (() => unknown) | null => {
    const verb = RULE_VERBS.find((v) => RULE_ACTIONS[v].shortcuts?.some((s) => matches(s, event.nativeEvent)))
    if (verb) return () => k.run(verb)
    const mod = event.ctrlKey || event.metaKey
    if (mod && event.key.toLowerCase() === 'a') return k.all
    if (mod || event.altKey) return null
    const to = steps[event.key]
    if (to !== undefined) return () => walk(to, event)
    return event.key === ' ' ? () => k.pick(k.at, { ...PLAIN, ctrlKey: true }) : null
  }
  return (event) => {
    const handler = handlerOf(event)
    if (!handler) return
    event.preventDefault()
    event.stopPropagation()
    handler()
  }
}
