/** What a gesture on the canvas would do, as commands. Pure: nothing is asked of the kernel here. */

import { type AnyCommand, nameOf, namespaceOf } from '@/protocol'
import type { Scene } from '@/store'
import type { EditorTexts } from '../texts/editor'
import { partsOf } from './propose'

export interface DropEdit {
  commands: readonly AnyCommand[]
  label: string
  /** The ref that the interface has afterwards. */
  ref: string
}

/** An interface is dropped on a node (`ns0`, or a bridge `host/br0`): it moves there, is attached, or is detached.
 * null where that changes nothing. */
export function dropEnd(scene: Scene, t: EditorTexts, ref: string, node: string): DropEdit | null {
  const { namespace, master } = partsOf(node)
  const name = nameOf(ref)
  const after = `${namespace}/${name}`
  const here = namespaceOf(ref) === namespace
  const plugged = scene.interfaces.get(ref)?.master ?? null
  if (node === ref) return null
  if (here && master !== null) {
    if (plugged === node) return null
    return { commands: [setMaster(ref, master)], label: t.plugged(name, node), ref }
  }
  if (here) return plugged === null ? null : { commands: [setMaster(ref, null)], label: t.released(name), ref }
  const move: AnyCommand = { do: 'move-interface', interface: ref, namespace }
  const commands = master === null ? [move] : [move, setMaster(after, master)]
  return { commands, label: t.moved(name, node), ref: after }
}

const setMaster = (ref: string, master: string | null): AnyCommand => ({
  do: 'set-interface',
  interface: ref,
  changes: { master },
})

/** The nodes that an end may go to: all namespaces, and all bridges but itself. */
export function nodesOf(scene: Scene): string[] {
  return [...scene.namespaces.values()].flatMap((n) => [n.name, ...n.bridges.map((b) => b.ref)])
}
