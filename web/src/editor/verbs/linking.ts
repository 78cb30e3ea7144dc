import { cachedInterfaceView } from '@/store'
import type { Point } from '../gestures/boxes'
import { type Links, linksOf, linksToNew, type NewNode, rowsBelow, star } from '../gestures/link'
import { partsOf } from '../gestures/propose'
import type { Editor } from '../kernel/editor'
import { useEditorTexts } from '../texts/editor'
import { useGestureTexts } from '../texts/gestures'

/** The addresses of an interface of the lab, as they are. */
const addressesIn =
  (editor: Editor) =>
  (ref: string): readonly string[] =>
    cachedInterfaceView(editor.lab, ref)?.addresses ?? []

/** Ask for it; then the new ends stand open to be changed, at a point of the window. */
async function draw(editor: Editor, links: Links, label: string, at: Point): Promise<boolean> {
  const done = await editor.edit(links.commands, label)
  if (!done) return false
  editor.select(links.links.flat().map((ref) => `interface:${ref}`))
  if (links.links.length <= ENDS_SHOWN) editor.popover.set({ kind: 'ends', links: links.links, at })
  return true
}

/** With more new links than this, the editor of their ends does not open: too many rows for a popover. */
const ENDS_SHOWN = 6

/** Links between nodes that are there; one edit. */
export async function drawLinks(editor: Editor, pairs: readonly [string, string][], at: Point): Promise<void> {
  if (pairs.length === 0) return
  const links = linksOf(editor.lab.scene.get(), addressesIn(editor), pairs)
  const [only] = links.links.length === 1 ? links.links : []
  const label = only ? useEditorTexts.now().linked(only[0], only[1]) : useGestureTexts.now().linkedMany(pairs.length)
  await draw(editor, links, label, at)
}

/** A new node with links from these to it; one edit. */
export async function drawLinksToNew(
  editor: Editor,
  from: readonly string[],
  fresh: NewNode,
  at: Point,
): Promise<void> {
  const links = linksToNew(editor.lab.scene.get(), addressesIn(editor), from, fresh)
  await draw(editor, links, useGestureTexts.now().linkedNew(links.made ?? ''), at)
}

/** `count` namespaces with a link to a node each; one edit. Throws what `Editor.fail` takes. */
export async function drawStar(editor: Editor, hub: string, count: number, stem: string): Promise<void> {
  const boxes = editor.viewport.get()?.boxes() ?? new Map()
  const around = boxes.get(partsOf(hub).namespace) ?? { x: 0, y: 0, w: 260, h: 120 }
  const taken = [...boxes].filter(([node]) => !node.includes('/')).map(([, box]) => box)
  const links = star(editor.lab.scene.get(), addressesIn(editor), hub, stem, rowsBelow(around, taken, count))
  const done = await editor.request(links.commands, useGestureTexts.now().addedStar(count, hub))
  editor.select(done.made.filter((id) => id.startsWith('namespace:')))
  editor.viewport.get()?.fit()
}
