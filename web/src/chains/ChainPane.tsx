import { MoreHorizontal, Plus, X } from 'lucide-react'
import { useCallback, useDeferredValue, useMemo, useRef, useState } from 'react'
import { Needs } from '@/editor'
import { Button, IconButton, Menu, type MenuEntry, Segments, Select } from '@/ui'
import { FAMILY } from './Cell'
import { ChainDialog } from './ChainDialog'
import styles from './ChainPane.module.css'
import { type ChainRef, useChain, useCounters, usePanel } from './context'
import type { ChainView } from './model/digest'
import { followed } from './model/ruleCommands'
import { RuleList, type Shown } from './RuleList'
import list from './RuleList.module.css'
import { ruleEntry } from './ruleMenu'
import { ruleVerbHandlers } from './ruleVerbs'
import { SearchBox } from './SearchBox'
import { useChainsTexts } from './texts'
import type { Notes } from './useNotes'
import { useRuleActions } from './useRuleActions'

type Only = 'all' | 'hit' | 'unhit' | 'marked'
const NONE: ReadonlySet<number> = new Set()

/** One chain: its policy, its rules, what can be done with it. */
export function ChainPane({ chainRef, notes }: { chainRef: ChainRef; notes: Notes }) {
  const chain = useChain(chainRef)
  return chain ? <Pane key={chain.id} chain={chain} notes={notes} /> : null
}

function Pane({ chain, notes }: { chain: ChainView; notes: Notes }) {
  const t = useChainsTexts()
  const [shown, setShown] = useShown()
  const [search, setSearch] = useState('')
  const [only, setOnly] = useState<Only>('all')
  const [selected, setSelected] = useSelected(chain.rules)
  const wanted = useDeferredValue(search.trim())
  const numbers = useNumbers(chain, wanted, only, notes)
  const [renaming, setRenaming] = useState(false)
  const filtered = wanted !== '' || only !== 'all'
  return (
    <section className={styles.pane} aria-label={`${chain.table} ${chain.name}`}>
      <Head
        chain={chain}
        shown={shown}
        onShown={setShown}
        selected={selected}
        onSelect={setSelected}
        onRename={() => setRenaming(true)}
      />
      {(chain.rules.length > 8 || filtered) && (
        <div className={styles.find}>
          <SearchBox label={t.search} hint={t.searchHint} value={search} onChange={setSearch} />
          <Select compact aria-label={t.only} value={only} onChange={(e) => setOnly(e.target.value as Only)}>
            <option value="all">{t.onlyAll}</option>
            <option value="hit">{t.onlyHit}</option>
            <option value="unhit">{t.onlyUnhit}</option>
            <option value="marked">{t.onlyMarked}</option>
          </Select>
          <span className={styles.found} role="status">
            {filtered ? t.shown(numbers.length, chain.rules.length) : t.rules(chain.rules.length)}
          </span>
        </div>
      )}
      {chain.rules.length > 0 && <Heads />}
      <RuleList
        chain={chain}
        numbers={numbers}
        filtered={filtered}
        search={wanted}
        shown={shown}
        notes={notes}
        selected={selected}
        onSelect={setSelected}
        onRename={() => setRenaming(true)}
      />
      {renaming && <ChainDialog chainRef={chain} rename={chain.name} onClose={() => setRenaming(false)} />}
    </section>
  )
}

/** What the numbers in front of the rules are. */
function Heads() {
  const t = useChainsTexts()
  return (
    <div className={list.heads} aria-hidden="true">
      <span className={list.number}>#</span>
      <span className={list.packets}>{t.packetsShort}</span>
      <span className={list.bytes}>{t.bytesShort}</span>
      <span className={list.rate}>{t.perSecond}</span>
      <span>{t.rule}</span>
    </div>
  )
}

/** The numbers of the chosen rules. They mean other rules once the chain has changed: the same rules stay chosen. */
function useSelected(rules: readonly string[]): [ReadonlySet<number>, (numbers: ReadonlySet<number>) => void] {
  const [chosen, setChosen] = useState({ rules, numbers: NONE })
  const now = useRef(rules)
  now.current = rules
  const set = useCallback((numbers: ReadonlySet<number>) => setChosen({ rules: now.current, numbers }), [])
  if (chosen.rules === rules) return [chosen.numbers, set]
  const next = followed(chosen.rules, rules)
  const numbers = new Set([...chosen.numbers].flatMap((n) => next(n) ?? []))
  setChosen({ rules, numbers })
  return [numbers, set]
}

const KEY = 'vethboard.chains.reading'

/** Text or sentences: as this browser had it last. */
function useShown(): [Shown, (shown: Shown) => void] {
  const [shown, setShown] = useState<Shown>(localStorage.getItem(KEY) === 'sentence' ? 'sentence' : 'text')
  return [
    shown,
    (next) => {
      localStorage.setItem(KEY, next)
      setShown(next)
    },
  ]
}

/** The numbers of the rules that the search and the filter leave. All words must be in the rule. */
function useNumbers(chain: ChainView, search: string, only: Only, notes: Notes): readonly number[] {
  const counters = useCounters(chain.family, chain.table)
  const hits = only === 'hit' || only === 'unhit' ? counters.chains.get(chain.name)?.rules : undefined
  return useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean)
    const out: number[] = []
    for (const [i, rule] of chain.rules.entries()) {
      const text = rule.toLowerCase()
      if (!words.every((w) => text.includes(w))) continue
      const packets = hits?.[i]?.[0] ?? 0
      if (only === 'hit' && packets === 0) continue
      if (only === 'unhit' && packets > 0) continue
      if (only === 'marked' && !notes.get(chain.id)?.has(i + 1)) continue
      out.push(i + 1)
    }
    return out
  }, [chain, search, only, hits, notes])
}

function Head({
  chain,
  shown,
  onShown,
  selected,
  onSelect,
  onRename,
}: {
  chain: ChainView
  shown: Shown
  onShown: (shown: Shown) => void
  selected: ReadonlySet<number>
  onSelect: (numbers: ReadonlySet<number>) => void
  onRename: () => void
}) {
  const t = useChainsTexts()
  const panel = usePanel()
  const actions = useRuleActions()
  const last = Math.max(0, ...selected)
  return (
    <header className={styles.head}>
      <h3 className={styles.name}>
        <span className={styles.table}>
          {panel.families.length > 1 && `${FAMILY[chain.family]} `}
          {chain.table}
        </span>
        {chain.name}
      </h3>
      {chain.policy && (
        <Needs>
          <Select
            compact
            className={styles.policy}
            aria-label={t.policyFor(chain.name)}
            data-drop={chain.policy === 'DROP' || undefined}
            value={chain.policy}
            onChange={(e) => void actions.setPolicy(chain, e.target.value === 'DROP' ? 'DROP' : 'ACCEPT')}
          >
            <option>ACCEPT</option>
            <option>DROP</option>
          </Select>
        </Needs>
      )}
      <span className={styles.grow} />
      {selected.size > 1 && (
        <span className={styles.chosen}>
          {t.chosen(selected.size)}
          <Button size="s" variant="danger" onClick={() => void actions.remove(chain, selected)}>
            {t.remove}
          </Button>
          <IconButton label={t.cancel} size="s" onClick={() => onSelect(NONE)}>
            <X size={13} />
          </IconButton>
        </span>
      )}
      <Segments
        label={t.reading}
        value={shown}
        options={[
          ['text', t.asText],
          ['sentence', t.asSentence],
        ]}
        onChange={onShown}
      />
      <span className={styles.handlers}>
        <Needs>
          <Button
            size="s"
            variant={panel.writing ? 'default' : 'primary'}
            onClick={() => panel.write(chain, { kind: 'new', at: last > 0 ? last + 1 : null })}
          >
            <Plus size={14} /> {t.add}
          </Button>
          <ChainMenu chain={chain} onRename={onRename} />
        </Needs>
      </span>
    </header>
  )
}

function ChainMenu({ chain, onRename }: { chain: ChainView; onRename: () => void }) {
  const t = useChainsTexts()
  const panel = usePanel()
  const actions = useRuleActions()
  const from = panel.tables.get(`${chain.family}/${chain.table}`)?.callers.get(chain.name) ?? []
  const entries = (): readonly MenuEntry[] => {
    const nothing = { number: undefined, chosen: [], filtered: false, after: () => undefined }
    const handlers = ruleVerbHandlers({ chain, actions, panel, rename: onRename, ...nothing })
    const called = from.length > 0 ? ` (${t.calledBy(from.join(', '))})` : ''
    const own = [null, ruleEntry('rename', handlers), ruleEntry('removeChain', handlers, { danger: true }, called)]
    return [
      ruleEntry('zeroChain', handlers),
      ruleEntry('zeroTable', handlers),
      null,
      ruleEntry('flush', handlers, { danger: true }),
      ruleEntry('flushTable', handlers, { danger: true }),
      ...(chain.builtIn ? [] : own),
    ]
  }
  return (
    <Menu
      align="end"
      trigger={
        <IconButton label={`${t.more}: ${chain.name}`} size="s">
          <MoreHorizontal size={16} />
        </IconButton>
      }
      entries={entries}
    />
  )
}
