import { type AnyCommand, type Exported, HOST, type Json, standsAlone } from '@/protocol'
import { around, type Box, type Point } from '../gestures/boxes'
import { CARD, placeFree } from '../gestures/placing'
import type { Editor } from '../kernel/editor'
import { useGestureTexts } from '../texts/gestures'
import { NOTE, selectedBoxes } from './arranging'
import { selectedNamespaceOf } from './selected'

/** What was copied last, where the system's clipboard cannot be read (a page without TLS, a refused permission). */
const KEY = 'vethboard.clipboard'
/** Set while that was also given to the system's clipboard: another text there is newer then. */
const GIVEN = 'vethboard.clipboard.given'

/** Asks the server for a document of these ids and what they contain. */
async function documentOf(editor: Editor, ids: readonly string[]): Promise<string> {
  const lab = editor.session.current.get() ?? ''
  const asked = { type: 'export' as const, lab, observed: false, format: 'json' as const, ids: [...ids] }
  return ((await editor.session.connection.request<'export'>(asked).done) as Exported).text
}

async function write(text: string): Promise<void> {
  localStorage.setItem(KEY, text)
  if (await give(text)) localStorage.setItem(GIVEN, 'yes')
  else localStorage.removeItem(GIVEN)
}

/** Put a text into the system's clipboard. Returns whether it took it. */
async function give(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text)
      return true
    }
  } catch {
    // refused: the other way remains
  }
  const put = (event: ClipboardEvent): void => {
    event.preventDefault()
    event.clipboardData?.setData('text/plain', text)
  }
  document.addEventListener('copy', put, { capture: true, once: true })
  const given = document.execCommand('copy')
  document.removeEventListener('copy', put, true)
  return given
}

/** Namespaces, interfaces that need no other, areas and notes: what can be copied. */
export const copyable = (editor: Editor): string[] =>
  [...editor.selection.get()].filter((id) => {
    if (id.startsWith('interface:')) return standsAlone(editor.lab.scene.get().interfaces.get(id.slice(10))?.kind)
    return /^(namespace|area|note):/.test(id)
  })

export async function copySelection(editor: Editor): Promise<boolean> {
  const ids = copyable(editor)
  if (ids.length === 0) return false
  await write(await documentOf(editor, ids))
  editor.say('info', useGestureTexts.now().copied)
  return true
}

export async function cutSelection(editor: Editor): Promise<void> {
  const ids = copyable(editor).filter((id) => id !== 'namespace:host')
  if (ids.length === 0) return
  await write(await documentOf(editor, ids))
  if (await editor.edit([{ do: 'remove', ids }], useGestureTexts.now().cutOut(ids.length))) editor.select([])
}

/** The text as a document; null where it is none. */
export function documentIn(text: string): Record<string, Json> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'vethboard' in value ? (value as Record<string, Json>) : null
  } catch {
    return null
  }
}

/** Whether a text of the system's clipboard is what is to be pasted: a document, or what somebody copied elsewhere after the last one. */
const isNewer = (text: string): boolean => documentIn(text) !== null || localStorage.getItem(GIVEN) !== null

/** What the system's clipboard has, else what was copied last. */
async function read(): Promise<string> {
  try {
    const text = await navigator.clipboard?.readText()
    if (text && isNewer(text)) return text
  } catch {
    // refused, or there is none
  }
  return localStorage.getItem(KEY) ?? ''
}

const isPlace = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((n) => typeof n === 'number')

/** Where a document's corner goes so that it covers nothing: as near as possible to `at`, else to where it was drawn. */
export function freeCorner(
  document: Readonly<Record<string, Json>>,
  taken: readonly Box[],
  at?: Point,
): Point | undefined {
  const stand = Object.entries(document.layout ?? {}).filter(([node]) => !node.includes('/') && node !== HOST)
  const shapes = [document.areas, document.notes].flatMap((all) => Object.values(all ?? {}))
  const sizes = shapes.flatMap((shape) => {
    const { at, size = [NOTE.w, NOTE.h] } = shape as Record<string, unknown>
    return isPlace(at) && isPlace(size) ? [{ x: at[0], y: at[1], w: size[0], h: size[1] }] : []
  })
  const box = around([...stand.flatMap(([, at]) => (isPlace(at) ? [{ x: at[0], y: at[1], ...CARD }] : [])), ...sizes])
  return box ? placeFree({ ...box, ...at }, taken) : at
}

/** Put a document beside what is there, its corner at or near `at` (canvas units); what stands in its host goes into the namespace
 * that is selected, if it is the only thing. */
export async function pasteDocument(editor: Editor, text: string, at?: Point): Promise<void> {
  const t = useGestureTexts.now()
  const document = documentIn(text)
  if (document === null) return editor.say('info', t.clipboardEmpty, t.clipboardEmptyHint)
  const view = editor.viewport.get()
  const taken = [...(view?.boxes() ?? [])].flatMap(([node, box]) => (node.startsWith('area:') ? [] : [box]))
  const corner = freeCorner(document, taken, at)
  const command: AnyCommand = {
    do: 'paste',
    document,
    into: (editor.selection.get().size === 1 && selectedNamespaceOf(editor)) || HOST,
    ...(corner ? { at: [Math.round(corner.x), Math.round(corner.y)] } : {}),
  }
  const done = await editor.edit([command], t.pasted)
  if (done) editor.select(done.made)
}

export async function pasteClipboard(editor: Editor, at?: Point): Promise<void> {
  await pasteDocument(editor, await read(), at)
}

/** Pastes the text of a paste event, which needs no permission and no TLS; if it is empty, as `pasteClipboard`. */
export const pasteText = (editor: Editor, text: string, at?: Point): Promise<void> =>
  text !== '' && isNewer(text) ? pasteDocument(editor, text, at) : pasteClipboard(editor, at)

/** Room between what is duplicated and the copy, in canvas units. */
const GAP = 40

/** The same again, below it. */
export async function duplicateSelection(editor: Editor): Promise<void> {
  const ids = copyable(editor).filter((id) => id !== 'namespace:host')
  if (ids.length === 0) return
  const down = Math.round((around(selectedBoxes(editor).values())?.h ?? 0) + GAP)
  const done = await editor.edit(
    [{ do: 'duplicate', ids, by: [0, down] }],
    useGestureTexts.now().duplicated(ids.length),
  )
  if (done) editor.select(done.made)
}
