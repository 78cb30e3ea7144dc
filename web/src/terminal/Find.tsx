import type { ISearchOptions } from '@xterm/addon-search'
import { CaseSensitive, ChevronDown, ChevronUp, Regex, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { announce, IconButton, Input } from '@/ui'
import type { Screen } from './screen'
import styles from './Terminal.module.css'
import { useTerminalPaneTexts } from './texts'

/** Colours of matches must be plain hex for xterm.js; the one in front stands out in both themes. */
const MARKS = {
  matchBackground: '#8a94ff40',
  matchOverviewRuler: '#8a94ff',
  activeMatchBackground: '#f2b04a90',
  activeMatchColorOverviewRuler: '#f2b04a',
} as const

/** Search in what was printed: Enter goes back in time, Shift+Enter forward again, Escape closes. */
export function Find({ screen, onClose }: { screen: Screen; onClose: () => void }) {
  const t = useTerminalPaneTexts()
  const [text, setText] = useState('')
  const [caseSensitive, setCase] = useState(false)
  const [regex, setRegex] = useState(false)
  const [found, setFound] = useState<{ index: number; n: number }>()
  const { search } = screen
  useEffect(() => {
    const listening = search.onDidChangeResults(({ resultIndex, resultCount }) =>
      setFound({ index: resultIndex + 1, n: resultCount }),
    )
    return () => {
      listening.dispose()
      search.clearDecorations()
    }
  }, [search])
  const go = (back: boolean, words = text, incremental = false): void => {
    const options: ISearchOptions = { caseSensitive, regex, incremental, decorations: MARKS }
    try {
      if (back) search.findPrevious(words, options)
      else search.findNext(words, options)
    } catch {
      setFound({ index: 0, n: 0 }) // no regular expression yet
    }
  }
  const said = found && text !== '' ? t.found(found.index, found.n) : ''
  useEffect(() => {
    if (said) announce(said)
  }, [said])
  return (
    <search className={styles.find} aria-label={t.search}>
      <Input
        compact
        mono
        autoFocus
        aria-label={t.search}
        value={text}
        onChange={(e) => {
          setText(e.target.value)
          if (e.target.value === '') search.clearDecorations()
          else go(true, e.target.value, true)
        }}
        onKeyDown={(e) => {
          if (e.key === 'Enter') go(!e.shiftKey)
          if (e.key === 'Escape') onClose()
        }}
      />
      <IconButton size="xs" label={t.searchCase} pressed={caseSensitive} onClick={() => setCase(!caseSensitive)}>
        <CaseSensitive size={14} />
      </IconButton>
      <IconButton size="xs" label={t.searchRegex} pressed={regex} onClick={() => setRegex(!regex)}>
        <Regex size={13} />
      </IconButton>
      <span className={styles.found}>{said}</span>
      <IconButton size="xs" label={t.searchPrevious} onClick={() => go(true)}>
        <ChevronUp size={14} />
      </IconButton>
      <IconButton size="xs" label={t.searchNext} onClick={() => go(false)}>
        <ChevronDown size={14} />
      </IconButton>
      <IconButton size="xs" label={t.searchClose} onClick={onClose}>
        <X size={14} />
      </IconButton>
    </search>
  )
}
