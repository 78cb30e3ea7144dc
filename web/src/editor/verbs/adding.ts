import { type AnyInterface, interfaceId, refOf } from '@/protocol'
import { announce } from '@/ui'
import type { Point } from '../gestures/boxes'
import { CARD, placeNear } from '../gestures/placing'
import { freeName } from '../gestures/propose'
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

/** A new interface; where it is drawn as a node, at a place relative to its namespace. It becomes the selection.
 * Throws what `Editor.fail` takes. */
export async function addInterface(editor: Editor, made: AnyInterface, at?: Point): Promise<void> {
  const label = useEditorTexts.now().added(refOf(made))
  const place = at ? { at: [Math.round(at.x), Math.round(at.y)] as [number, number] } : {}
  await editor.request([{ do: 'add-interface', interface: made, ...place }], label)
  announce(label)
  editor.select([interfaceId(refOf(made))])
}

/** The proposed name of a new namespace. */
export const proposedNamespace = (editor: Editor): string =>
  freeName('ns', new Set(editor.lab.scene.get().namespaces.keys()))
