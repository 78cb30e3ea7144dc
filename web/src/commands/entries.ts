/** The lines of the command palette: actions, labs and nodes, found by a few letters, what was used last first. */

import {
  ACTION_GROUPS,
  ACTIONS,
  type Action,
  canRun,
  type Editor,
  fuzzy,
  runAction,
  useEditorTexts,
  useGroupTexts,
  useHelpTexts,
  whyNot,
} from '@/editor'
import { interfaceId, namespaceId } from '@/protocol'
import { cachedInterfaceView } from '@/store'
import { useCommandTexts } from './texts'

export interface Entry {
  key: string
  label: string
  /** Found by these too: other names, addresses, the MAC address. */
  words: string
  help: string
  group: string
  shortcut?: string | undefined
  enabled: boolean
  run: () => void
}

/** A matching entry, and the matched letters of its label. */
export interface Hit {
  entry: Entry
  at: readonly number[]
}

const RECENT = 'vethboard.recent'
const KEPT = 8
const MOST = 60

export function recentKeys(): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(RECENT) ?? '[]')
    return Array.isArray(stored) ? stored.filter((k) => typeof k === 'string') : []
  } catch {
    return []
  }
}

export function used(key: string): void {
  localStorage.setItem(RECENT, JSON.stringify([key, ...recentKeys().filter((k) => k !== key)].slice(0, KEPT)))
}

/** Everything that can be chosen now. */
export function allEntries(editor: Editor): Entry[] {
  const actions = ACTION_GROUPS.flatMap((group) => ACTIONS.filter((a) => a.group === group && a.id !== 'palette'))
  return [...actions.map((a) => actionEntry(editor, a)), ...labEntries(editor), ...nodeEntries(editor)]
}

function actionEntry(editor: Editor, action: Action): Entry {
  const help = whyNot(action, editor) ?? action.help?.(useHelpTexts.now()) ?? ''
  return {
    key: `action:${action.id}`,
    label: action.label(useEditorTexts.now()),
    words: `${action.id} ${help}`,
    help,
    group: useGroupTexts.now()[action.group],
    shortcut: action.shortcuts?.[0],
    enabled: canRun(action, editor),
    run: () => runAction(action, editor),
  }
}

function labEntries(editor: Editor): Entry[] {
  const t = useCommandTexts.now()
  const current = editor.session.current.get()
  return (editor.session.labs.get() ?? [])
    .filter(({ lab }) => lab !== current)
    .map(({ lab }) => ({
      key: `lab:${lab}`,
      label: t.openLab(lab),
      words: lab,
      help: '',
      group: t.labs,
      enabled: true,
      run: () => void editor.session.open(lab),
    }))
}

function nodeEntries(editor: Editor): Entry[] {
  const t = useCommandTexts.now()
  const { namespaces, interfaces } = editor.lab.scene.get()
  const entry = (key: string, label: string, words: string, help: string): Entry => ({
    key,
    label,
    words,
    help,
    group: t.nodes,
    enabled: true,
    run: () => editor.show(key),
  })
  return [
    ...[...namespaces.keys()].map((name) => entry(namespaceId(name), name, '', '')),
    ...[...interfaces.values()].map(({ ref, kind }) => {
      const view = cachedInterfaceView(editor.lab, ref)
      const addresses = view?.addresses.join(' ') ?? ''
      return entry(interfaceId(ref), ref, `${addresses} ${view?.live?.mac ?? ''} ${kind}`, addresses || kind)
    }),
  ]
}

/** The lines for a query, best first. Without one: what was used last, then all actions; a node only when it is asked for. */
export function search(entries: readonly Entry[], query: string, recent: readonly string[]): Hit[] {
  if (query.trim() === '') {
    const t = useCommandTexts.now()
    const known = recent.flatMap((key) => entries.filter((e) => e.key === key && e.enabled))
    const rest = entries.filter((e) => e.enabled && e.group !== t.nodes && !known.includes(e))
    return [...known.map((e) => ({ ...e, group: t.recent })), ...rest].map((entry) => ({ entry, at: [] }))
  }
  const hits = entries.flatMap((entry) => {
    const [label, words] = [fuzzy(query, entry.label), wordHit(query, entry.words)]
    const score = Math.max(label?.score ?? Number.NEGATIVE_INFINITY, words)
    if (score === Number.NEGATIVE_INFINITY) return []
    const bonus = (recent.includes(entry.key) ? 3 : 0) - (entry.enabled ? 0 : 20)
    return [{ entry, at: label?.at ?? [], score: score + bonus }]
  })
  return hits.sort((a, b) => b.score - a.score).slice(0, MOST)
}

/** Help texts match only if they contain the query literally, not by scattered letters. */
function wordHit(query: string, words: string): number {
  const at = words.toLowerCase().indexOf(query.trim().toLowerCase())
  return at < 0 ? Number.NEGATIVE_INFINITY : query.length - at / 20
}
