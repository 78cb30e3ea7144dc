import { announce } from '@/ui'
import type { Editor } from './editor'
import type { Point } from './gestures'
import { freeName, namesIn } from './propose'
import { useEditorTexts } from './texts'

/** A new namespace at a place (canvas units), else where there is room in what is seen. It becomes the selection.
 * Throws what `Editor.fail` takes. */
export async function addNamespace(editor: Editor, name: string, at?: Point): Promise<void> {
  const place = at ?? freePlace(editor)
  await editor.request(
    [{ do: 'add-namespace', name, ...(place ? { at: [Math.round(place.x), Math.round(place.y)] } : {}) }],
    useEditorTexts.now().added(name),
  )
  announce(useEditorTexts.now().added(name))
  editor.select([`namespace:${name}`])
  if (place) editor.viewport.get()?.include({ ...place, w: CARD_W, h: CARD_H })
}

/** A new bridge in a namespace, at a place relative to it. It becomes the selection. Throws what `Editor.fail` takes. */
export async function addBridge(editor: Editor, namespace: string, name: string, at?: Point): Promise<void> {
  const label = useEditorTexts.now().added(`${namespace}/${name}`)
  await editor.request(
    [
      {
        do: 'add-interface',
        interface: { kind: 'bridge', namespace, name },
        ...(at ? { at: [Math.round(at.x), Math.round(at.y)] } : {}),
      },
    ],
    label,
  )
  announce(label)
  editor.select([`interface:${namespace}/${name}`])
}

/** The name that a new namespace gets where nobody says another. */
export const proposedNamespace = (editor: Editor): string =>
  freeName('ns', new Set(editor.lab.scene.get().namespaces.keys()))

/** The name that a new bridge in a namespace gets where nobody says another. */
export const proposedBridge = (editor: Editor, namespace: string): string =>
  freeName('br', namesIn(editor.lab.scene.get(), namespace))

/** Room for a card with an interface or two, in canvas units. */
const CARD_W = 260
const CARD_H = 120
const MARGIN = 60
const STEP_X = 360
const STEP_Y = 260

/** A place near the middle of what is seen where no namespace stands; below first, then around. */
function freePlace(editor: Editor): Point | undefined {
  const centre = editor.viewport.get()?.centre()
  if (!centre) return undefined
  const taken = editor.viewport.get()?.taken() ?? []
  const free = (p: Point): boolean =>
    taken.every(
      (box) =>
        p.x >= box.x + box.w + MARGIN ||
        p.x + CARD_W + MARGIN <= box.x ||
        p.y >= box.y + box.h + MARGIN ||
        p.y + CARD_H + MARGIN <= box.y,
    )
  const start = { x: snap(centre.x - 150), y: snap(centre.y - 60) }
  for (let ring = 0; ring < 40; ring += 1) {
    for (let dy = ring; dy >= -ring; dy -= 1) {
      for (let dx = -ring; dx <= ring; dx += 1) {
        if (Math.max(Math.abs(dx), Math.abs(dy)) !== ring) continue
        const p = { x: start.x + dx * STEP_X, y: start.y + dy * STEP_Y }
        if (free(p)) return p
      }
    }
  }
  return start
}

const snap = (n: number): number => Math.round(n / 20) * 20
