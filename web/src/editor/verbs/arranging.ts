import { type AnyCommand, type Area, isNode, isShape, type Note, type Style, styleId } from '@/protocol'
import { areaAround } from '../gestures/areas'
import { align, distribute, type Edge } from '../gestures/arrange'
import type { Box, Point } from '../gestures/boxes'
import { placeFree } from '../gestures/placing'
import { freeName } from '../gestures/propose'
import type { Editor } from '../kernel/editor'
import { useGestureTexts } from '../texts/gestures'

/** Of the canvas' nodes (`ns0`, `host/br0`, `area:dmz`) those that are selected, with their boxes. */
export function selectedBoxes(editor: Editor): Map<string, Box> {
  const selected = editor.selection.get()
  const all = editor.viewport.get()?.boxes() ?? new Map<string, Box>()
  return new Map([...all].filter(([node]) => selected.has(nodeRecord(node))))
}

/** The record of a node of the canvas. */
export const nodeRecord = (node: string): string =>
  isShape(node) ? node : node.includes('/') ? `interface:${node}` : `namespace:${node}`

/** Whether a node, an area or a note is locked. */
export function isLocked(editor: Editor, node: string): boolean {
  const record = editor.lab.desired.get(isShape(node) ? node : styleId(node))
  return record !== undefined && 'locked' in record && record.locked === true
}

/** Those that stand on the canvas itself and may be moved: a bridge goes with its namespace. */
const movable = (editor: Editor): Map<string, Box> =>
  new Map(
    [...selectedBoxes(editor)].filter(([node]) => (isShape(node) || !node.includes('/')) && !isLocked(editor, node)),
  )

const place = (editor: Editor, moved: ReadonlyMap<string, Point>, label: string): unknown => {
  if (moved.size === 0) return undefined
  const all = [...moved].map(([node, { x, y }]) => [node, [x, y]] as [string, [number, number]])
  const command: AnyCommand = {
    do: 'place',
    positions: Object.fromEntries(all.filter(([node]) => !isShape(node))),
    shapes: Object.fromEntries(all.filter(([node]) => isShape(node))),
  }
  return editor.edit([command], label, false)
}

export const canArrange = (editor: Editor, least: number): boolean => movable(editor).size >= least

export const alignSelection = (editor: Editor, edge: Edge): unknown =>
  place(editor, align(movable(editor), edge), useGestureTexts.now().aligned)

export const distributeSelection = (editor: Editor, axis: 'x' | 'y'): unknown =>
  place(editor, distribute(movable(editor), axis), useGestureTexts.now().distributed)

// ---- areas and notes ------------------------------------------------------------------------------------------------

const namesOf = (editor: Editor, kind: 'area' | 'note'): Set<string> => {
  const prefix = `${kind}:`
  return new Set(
    [...editor.lab.desired.ids()].filter((id) => id.startsWith(prefix)).map((id) => id.slice(prefix.length)),
  )
}

/** Adds an area around the selection, or in the middle of the view, and opens its label for editing. */
export async function addArea(editor: Editor): Promise<void> {
  const boxes = [...selectedBoxes(editor)]
    .filter(([node]) => isShape(node) || !node.includes('/'))
    .map(([, box]) => box)
  const middle = editor.viewport.get()?.centre() ?? { x: 0, y: 0 }
  const box = areaAround(boxes) ?? { x: Math.round(middle.x - 240), y: Math.round(middle.y - 160), w: 480, h: 320 }
  const area: Area = { kind: 'area', name: freeName('area', namesOf(editor, 'area')), ...box }
  if (!(await editor.edit([{ do: 'put-area', area }], useGestureTexts.now().addedArea))) return
  editor.select([`area:${area.name}`])
  editor.inline.set(`area:${area.name}`)
}

/** The default size of a note. */
export const NOTE = { w: 240, h: 140 }

/** A note at a place, else where it covers nothing, near the middle of what is seen; open to be written. */
export async function addNote(editor: Editor, at?: Point): Promise<void> {
  const view = editor.viewport.get()
  const middle = view?.centre() ?? { x: 0, y: 0 }
  const taken = [...(view?.boxes() ?? [])].flatMap(([node, box]) => (node.startsWith('area:') ? [] : [box]))
  const corner = at ?? placeFree({ x: middle.x - NOTE.w / 2, y: middle.y - NOTE.h / 2, ...NOTE }, taken)
  const name = freeName('note', namesOf(editor, 'note'))
  const note: Note = { kind: 'note', name, x: Math.round(corner.x), y: Math.round(corner.y), ...NOTE }
  if (!(await editor.edit([{ do: 'put-note', note }], useGestureTexts.now().addedNote))) return
  view?.include({ ...corner, ...NOTE })
  editor.select([`note:${name}`])
  editor.inline.set(`note:${name}`)
}

// ---- how things look ------------------------------------------------------------------------------------------------

/** Nodes, areas and notes among what is selected. */
export function drawnSelection(editor: Editor): string[] {
  const { interfaces, namespaces } = editor.lab.scene.get()
  return [...editor.selection.get()].flatMap((id) => {
    if (isShape(id)) return [id]
    const name = id.slice(id.indexOf(':') + 1)
    if (id.startsWith('namespace:')) return namespaces.has(name) ? [name] : []
    return isNode(interfaces.get(name)?.kind) ? [name] : []
  })
}

type Look = Partial<Pick<Style, 'colour' | 'icon' | 'locked'>>

function styled(editor: Editor, node: string, look: Look): AnyCommand[] {
  const record = editor.lab.desired.get(isShape(node) ? node : styleId(node))
  if (!isShape(node)) {
    const style: Style = record?.kind === 'style' ? record : { kind: 'style', node }
    return [{ do: 'put-style', style: { ...style, ...look } }]
  }
  const { icon: _, colour, ...rest } = look
  const change = { ...rest, ...(colour ? { colour } : {}) }
  if (record?.kind === 'area') return [{ do: 'put-area', area: { ...record, ...change } }]
  return record?.kind === 'note' ? [{ do: 'put-note', note: { ...record, ...change } }] : []
}

/** Give all that is selected this colour, icon or lock; one edit. */
export async function styleSelection(editor: Editor, look: Look, label: string): Promise<void> {
  const commands = drawnSelection(editor).flatMap((node) => styled(editor, node, look))
  if (commands.length > 0) await editor.edit(commands, label)
}

/** Lock all; where all are locked, unlock them. */
export function toggleLock(editor: Editor): Promise<void> {
  const t = useGestureTexts.now()
  const locked = drawnSelection(editor).every((node) => isLocked(editor, node))
  return styleSelection(editor, { locked: !locked }, locked ? t.unlocked : t.locked)
}
