import { announce } from '@/ui'
import type { Point } from '../gestures/boxes'
import { CARD, placeNear } from '../gestures/placing'
import { freeName, namesIn } from '../gestures/propose'
import type { Editor } from '../kernel/editor'
import { useEditorTexts } from '../texts/editor'

/** A new namespace at a place (canvas units), else where there is room in what is seen. It becomes the selection.
 * Throws what `Editor.fail` takes. */
export async function addNamespace(editor: Editor, name: string, at?: Point): Promise<void> {
  const view = editor.viewport.get()
  const place = at ?? (view ? placeNear(view.centre(), view.taken()) : undefined)
  await editor.request(
    [{ do: 'add-namespace', name, ...(place ? { at: [Math.round(place.x), Math.round(place.y)] } : {}) }],
    useEditorTexts.now().added(name),
  )
  announce(useEditorTexts.now().added(name))
  editor.select([`namespace:${name}`])
  if (place) editor.viewport.get()?.include({ ...place, ...CARD })
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

/** The proposed name of a new namespace. */
export const proposedNamespace = (editor: Editor): string =>
  freeName('ns', new Set(editor.lab.scene.get().namespaces.keys()))

/** The proposed name of a new bridge in a namespace. */
export const proposedBridge = (editor: Editor, namespace: string): string =>
  freeName('br', namesIn(editor.lab.scene.get(), namespace))
