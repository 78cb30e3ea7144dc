import { CornerDownLeft, Search } from 'lucide-react'
import { Dialog } from 'radix-ui'
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react'
import { shown, useEditor } from '@/editor'
import { useValue } from '@/ui'
import styles from './CommandPalette.module.css'
import { allEntries, type Entry, type Hit, recentKeys, search, used } from './entries'
import { useCommandTexts } from './texts'

/** Every action, lab and node by a few letters of its name (the combobox pattern of WAI-ARIA). */
export function CommandPalette() {
  const t = useCommandTexts()
  const editor = useEditor()
  const labs = useValue(editor.session.labs)
  const scene = useValue(editor.lab.scene)
  const [query, setQuery] = useState('')
  const [at, setAt] = useState(0)
  const list = useId()
  // biome-ignore lint/correctness/useExhaustiveDependencies: what there is to choose follows the labs and the scene; `t` the language
  const entries = useMemo(() => allEntries(editor), [editor, labs, scene, t])
  const hits = useMemo(() => search(entries, query, recentKeys()), [entries, query])
  const chosen = hits[Math.min(at, hits.length - 1)]
  const close = (): void => editor.dialog.set(null)
  const run = (entry: Entry): void => {
    if (!entry.enabled) return
    used(entry.key)
    close()
    entry.run()
  }
  const key = (event: KeyboardEvent): void => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 8, PageUp: at - 8 }[event.key]
    if (to !== undefined) {
      event.preventDefault()
      const wrapped = Math.abs(to - at) === 1 ? (to + hits.length) % hits.length : to
      setAt(Math.min(Math.max(wrapped, 0), hits.length - 1))
    } else if (event.key === 'Enter' && chosen) {
      event.preventDefault()
      run(chosen.entry)
    }
  }
  return (
    <Dialog.Root open onOpenChange={(open) => !open && close()}>
      <Dialog.Portal>
        <Dialog.Overlay className={styles.overlay} />
        <Dialog.Content className={styles.palette} aria-describedby={undefined}>
          <Dialog.Title className="visually-hidden">{t.palette}</Dialog.Title>
          <div className={styles.line}>
            <Search size={17} aria-hidden="true" />
            <input
              role="combobox"
              aria-expanded="true"
              aria-controls={list}
              aria-activedescendant={chosen ? `${list}-${hits.indexOf(chosen)}` : undefined}
              aria-label={t.palette}
              placeholder={t.placeholder}
              autoComplete="off"
              spellCheck={false}
              value={query}
              onChange={(e) => {
                setQuery(e.target.value)
                setAt(0)
              }}
              onKeyDown={key}
            />
          </div>
          <Hits id={list} hits={hits} chosen={chosen} query={query} onRun={run} />
          <Foot found={query.trim() === '' ? undefined : t.found(hits.length)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Hits({
  id,
  hits,
  chosen,
  query,
  onRun,
}: {
  id: string
  hits: readonly Hit[]
  chosen: Hit | undefined
  query: string
  onRun: (entry: Entry) => void
}) {
  const t = useCommandTexts()
  return (
    <div className={styles.hits} role="listbox" id={id} aria-label={t.palette}>
      {hits.map((hit, i) => (
        <div key={`${hit.entry.group} ${hit.entry.key}`} role="presentation">
          {hit.entry.group !== hits[i - 1]?.entry.group && query.trim() === '' && (
            <div className={styles.group} role="presentation">
              {hit.entry.group}
            </div>
          )}
          <Line id={`${id}-${i}`} hit={hit} selected={hit === chosen} grouped={query.trim() === ''} onRun={onRun} />
        </div>
      ))}
      {hits.length === 0 && (
        <div className={styles.none}>
          <strong>{t.none(query.trim())}</strong>
          {t.noneHint}
        </div>
      )}
    </div>
  )
}

function Line({
  id,
  hit: { entry, at },
  selected,
  grouped,
  onRun,
}: {
  id: string
  hit: Hit
  selected: boolean
  grouped: boolean
  onRun: (entry: Entry) => void
}) {
  const t = useCommandTexts()
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (selected) box.current?.scrollIntoView?.({ block: 'nearest' })
  }, [selected])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the input's
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the input, which names this line as active
    <div
      ref={box}
      id={id}
      role="option"
      aria-selected={selected}
      aria-disabled={!entry.enabled || undefined}
      className={styles.hit}
      onClick={() => onRun(entry)}
    >
      <span className={styles.label}>{marked(entry.label, at)}</span>
      <span className={styles.help}>{entry.enabled ? entry.help : t.notNow}</span>
      {!grouped && <span className={styles.where}>{entry.group}</span>}
      {entry.shortcut && <kbd>{shown(entry.shortcut)}</kbd>}
    </div>
  )
}

/** The letters that were typed, in bold. */
function marked(label: string, at: readonly number[]) {
  if (at.length === 0) return label
  const places = new Set(at)
  // biome-ignore lint/suspicious/noArrayIndexKey: letters have no other identity
  return [...label].map((letter, i) => (places.has(i) ? <b key={i}>{letter}</b> : letter))
}

function Foot({ found }: { found: string | undefined }) {
  const t = useCommandTexts()
  return (
    <div className={styles.foot}>
      <span role="status">{found}</span>
      <span className={styles.keys} aria-hidden="true">
        <kbd>↑</kbd> <kbd>↓</kbd> {t.walk}
        <kbd>
          <CornerDownLeft size={11} />
        </kbd>
        {t.run}
        <kbd>Esc</kbd> {t.leave}
      </span>
    </div>
  )
}
