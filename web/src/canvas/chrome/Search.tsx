import { Search as Icon, X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { type Editor, type Found, find, useEditor, useViewTexts } from '@/editor'
import { IconButton, useValue } from '@/ui'
import styles from './Search.module.css'

/** The search of the canvas: what fits is marked, arrows go through it, Enter jumps there. */
export function Search() {
  const editor = useEditor()
  const open = useValue(editor.searching)
  return open ? <SearchBox editor={editor} /> : null
}

const DELAY_MS = 60

/** What is found, a moment after the last letter. */
function useFound(editor: Editor, query: string): readonly Found[] {
  const [late, setLate] = useState('')
  const scene = useValue(editor.lab.scene)
  useEffect(() => {
    const timer = setTimeout(() => setLate(query), DELAY_MS)
    return () => clearTimeout(timer)
  }, [query])
  // biome-ignore lint/correctness/useExhaustiveDependencies: what there is to find follows the scene
  const found = useMemo(() => find(editor.lab, late), [editor, late, scene])
  useEffect(() => editor.found.set(new Set(found.map(({ id }) => id))), [editor, found])
  return found
}

function SearchBox({ editor }: { editor: Editor }) {
  const t = useViewTexts()
  const [query, setQuery] = useState('')
  const [at, setAt] = useState(0)
  const before = useRef(document.activeElement)
  const found = useFound(editor, query)
  const list = useRef<HTMLDivElement>(null)
  const close = (): void => {
    editor.searching.set(false)
    editor.found.set(new Set())
    if (before.current instanceof HTMLElement) before.current.focus({ preventScroll: true })
  }
  const jump = (to: number): void => {
    const one = found[to]
    if (!one) return
    setAt(to)
    editor.show(one.id)
    list.current?.children[to]?.scrollIntoView({ block: 'nearest' })
  }
  const key = (event: KeyboardEvent): void => {
    const n = found.length
    if (event.key === 'Escape') close()
    else if (event.key === 'ArrowDown' && n > 0) setAt((at + 1) % n)
    else if (event.key === 'ArrowUp' && n > 0) setAt((at + n - 1) % n)
    else if (event.key === 'Enter' && n > 0) jump(Math.min(at, n - 1))
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <search className={styles.search}>
      <div className={styles.field}>
        <Icon size={15} aria-hidden="true" />
        <input
          ref={(field) => field?.focus()}
          role="combobox"
          aria-label={t.searchLabel}
          aria-expanded={found.length > 0}
          aria-controls="canvas-results"
          aria-activedescendant={found.length > 0 ? `canvas-result-${at}` : undefined}
          placeholder={t.searchLabel}
          spellCheck={false}
          autoComplete="off"
          value={query}
          onChange={(e) => {
            setQuery(e.target.value)
            setAt(0)
          }}
          onKeyDown={key}
        />
        <output className={styles.count}>{query.trim() && t.found(found.length)}</output>
        <IconButton label={t.closeSearch} onClick={close}>
          <X size={15} />
        </IconButton>
      </div>
      {found.length > 0 && (
        <div ref={list} id="canvas-results" role="listbox" aria-label={t.results} className={styles.results}>
          {found.map((one, i) => (
            <Result key={one.id} one={one} i={i} active={i === at} onPick={() => jump(i)} />
          ))}
        </div>
      )}
    </search>
  )
}

function Result({ one, i, active, onPick }: { one: Found; i: number; active: boolean; onPick: () => void }) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field, which keeps the focus
    // biome-ignore lint/a11y/useFocusableInteractive: an option of a combobox is never focused itself
    <div id={`canvas-result-${i}`} role="option" aria-selected={active} className={styles.result} onClick={onPick}>
      <span>{one.name}</span>
      {one.why && <span className={styles.why}>{one.why}</span>}
    </div>
  )
}
