import { HOST, placementId } from '@/protocol'
import type { Editor } from './editor'
import { freeName, namesIn } from './propose'
import { selectedNamespaceOf } from './selected'
import { useEditorTexts } from './texts'

export type Point = { x: number; y: number }

/** A new namespace at a place (canvas units), else where there is room in what is seen. It becomes the selection. */
export async function addNamespace(editor: Editor, at?: Point): Promise<void> {
  const name = freeName('ns', new Set(editor.lab.scene.get().namespaces.keys()))
  const place = at ?? freePlace(editor)
  const done = await editor.edit(
    [{ do: 'add-namespace', name, ...(place ? { at: [Math.round(place.x), Math.round(place.y)] } : {}) }],
    useEditorTexts.now().added(name),
  )
  if (done) editor.select([`namespace:${name}`])
}

/** A new bridge in a namespace (the selected one, else `host`), at a place relative to it. It becomes the selection. */
export async function addBridge(editor: Editor, namespace?: string, at?: Point): Promise<void> {
  const inside = namespace ?? selectedNamespaceOf(editor) ?? HOST
  const name = freeName('br', namesIn(editor.lab.scene.get(), inside))
  const done = await editor.edit(
    [
      {
        do: 'add-interface',
        interface: { kind: 'bridge', namespace: inside, name },
        ...(at ? { at: [Math.round(at.x), Math.round(at.y)] } : {}),
      },
    ],
    useEditorTexts.now().added(`${inside}/${name}`),
  )
  if (done) editor.select([`interface:${inside}/${name}`])
}

const STEP_X = 420
const STEP_Y = 260

/** A place near the middle of what is seen where no namespace stands; spirals outward. */
function freePlace(editor: Editor): Point | undefined {
  const centre = editor.viewport.get()?.centre()
  if (!centre) return undefined
  const taken: Point[] = []
  for (const name of editor.lab.scene.get().namespaces.keys()) {
    const placement = editor.lab.desired.get(placementId(name))
    if (placement?.kind === 'placement') taken.push(placement)
  }
  const free = (p: Point): boolean => taken.every((q) => Math.abs(q.x - p.x) >= 340 || Math.abs(q.y - p.y) >= 200)
  const start = { x: snap(centre.x - 150), y: snap(centre.y - 60) }
  for (let ring = 0; ring < 40; ring += 1) {
    for (let dy = -ring; dy <= ring; dy += 1) {
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
