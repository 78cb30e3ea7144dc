import { type RefObject, useEffect, useRef, useState } from 'react'
import {
  allows,
  type Editor,
  matches,
  newTerminal,
  PANE_ACTIONS,
  type Pane,
  palette,
  runAction,
  setPanes,
  setTerminal,
  showDock,
  showTerminal,
  updateDockTab,
  useEditor,
} from '@/editor'
import { useValue, Value } from '@/ui'
import { Feed, type FeedState } from './feed'
import { guard } from './queries'
import { makeScreen, type Screen } from './screen'

/** Shells that are being opened, by tab and pane: React may run an effect twice. */
const opening = new Map<string, Promise<string>>()

async function openShell(editor: Editor, key: string, namespace: string): Promise<string> {
  const known = opening.get(key)
  if (known) return known
  const lab = editor.session.current.get() ?? ''
  const asked = { type: 'open-terminal' as const, lab, namespace }
  const made = editor.session.connection.request<'open-terminal'>(asked).done.then((opened) => opened.terminal)
  opening.set(key, made)
  try {
    return await made
  } finally {
    opening.delete(key)
  }
}

/** Opens a shell for a pane that has none. Returns the error, if any. */
export function useShell(tab: string, { pane, namespace, terminal }: Pane): string | undefined {
  const editor = useEditor()
  const [error, setError] = useState<string>()
  useEffect(() => {
    if (terminal !== null) return
    setError(undefined)
    openShell(editor, `${tab} ${pane}`, namespace).then(
      (made) => setPanes(editor, tab, (panes) => setTerminal(panes, pane, made)),
      (reason) => setError(reason instanceof Error ? reason.message : String(reason)),
    )
  }, [editor, tab, pane, namespace, terminal])
  return error
}

/** Everything on the page that keys do while a terminal has the focus. */
const KEYS = [showTerminal, newTerminal, showDock, palette, ...PANE_ACTIONS]
/** The paste event of the browser, which needs no permission. */
const NATIVE = 'terminal-paste'

/** Whether a key is the shell's; an action of the page is run at once. */
function forShell(editor: Editor, event: KeyboardEvent): boolean {
  if (event.type !== 'keydown') return true
  const action = KEYS.find((a) => a.shortcuts?.some((s) => s.includes('+') && matches(s, event)))
  if (!action) return true
  if (action.id === NATIVE) return false
  event.preventDefault()
  event.stopPropagation()
  runAction(action, editor)
  return false
}

export interface PaneParts {
  screen: Screen | null
  feed: Feed | null
}

const WAITING = new Value<FeedState>({ kind: 'waiting' })

/** The screen of a pane in `host`, attached to its terminal. `open`: a link was chosen. */
export function useTerminal(
  host: RefObject<HTMLElement | null>,
  tab: string,
  terminal: string | null,
  open: (address: string) => void,
): PaneParts & { state: FeedState } {
  const editor = useEditor()
  const [parts, setParts] = useState<PaneParts>({ screen: null, feed: null })
  const opener = useRef(open)
  opener.current = open
  useEffect(() => {
    const place = host.current
    if (!place || terminal === null) return
    let end: () => void = () => undefined
    let over = false
    // what xterm.js measures before the font is there stays wrong
    void document.fonts.load('13px "JetBrains Mono Variable"').then(() => {
      if (over) return
      const screen = makeScreen(place, (address) => opener.current(address))
      const feed = connect(editor, tab, terminal, screen)
      setParts({ screen, feed })
      end = () => {
        feed.end()
        screen.dispose()
      }
    })
    return () => {
      over = true
      end()
      setParts({ screen: null, feed: null })
    }
  }, [editor, host, tab, terminal])
  const state = useValue(parts.feed?.now ?? WAITING)
  useSize(host, parts, state)
  return { ...parts, state }
}

function connect(editor: Editor, tab: string, terminal: string, { term, room }: Screen): Feed {
  const lab = editor.session.current.get() ?? ''
  const feed = new Feed(editor.session.connection, lab, terminal, {
    reset: () => term.reset(),
    write: (bytes, done) => term.write(bytes, done),
  })
  guard(term, () => feed.answers)
  term.options.disableStdin = !allows(editor, 'edit')
  term.onData((text) => feed.type(text))
  term.onBinary((bytes) => feed.typeBytes(bytes))
  term.onBell(() => !feed.replaying && updateDockTab(editor, tab, { mark: true }))
  term.attachCustomKeyEventHandler((event) => forShell(editor, event))
  const { rows, columns } = room() ?? { rows: term.rows, columns: term.cols }
  feed.start(rows, columns)
  return feed
}

/** The room that there is, while this viewer drives; else the size that the terminal has. */
function useSize(host: RefObject<HTMLElement | null>, { screen, feed }: PaneParts, state: FeedState): void {
  const shared = state.kind === 'live' ? state.state : undefined
  const drives = shared?.drives === true
  const [rows, columns] = [shared?.rows ?? 24, shared?.columns ?? 80]
  useEffect(() => {
    const place = host.current
    if (!place || !screen || !feed) return
    const refit = (): void => {
      const room = screen.room()
      if (!room) return
      feed.resize(room.rows, room.columns)
      if (drives) screen.term.resize(room.columns, room.rows)
    }
    if (!drives && shared) screen.term.resize(columns, rows)
    refit()
    const observer = new ResizeObserver(refit)
    observer.observe(place)
    return () => observer.disconnect()
  }, [host, screen, feed, drives, shared, rows, columns])
}
