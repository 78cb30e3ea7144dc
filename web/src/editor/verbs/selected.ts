import { afterColon, isNode, isShape, kindOfId } from '@/protocol'
import { cachedInterfaceView, type InterfaceView, namespaceOfNode } from '@/store'
import type { Editor } from '../kernel/editor'

/** The nodes (`ns0`, `host/br0`) that are selected, for what is to be linked. */
export function selectedNodes(editor: Editor): string[] {
  const { interfaces } = editor.lab.scene.get()
  return [...editor.selection.get()].flatMap((id) => {
    const name = afterColon(id)
    if (kindOfId(id) === 'namespace') return [name]
    return isNode(interfaces.get(name)?.kind) ? [name] : []
  })
}

/** The namespace that new things go into: that of the first thing selected. */
export function selectedNamespaceOf(editor: Editor): string | undefined {
  const [first] = editor.selection.get()
  return first === undefined ? undefined : namespaceOfNode(afterColon(first))
}

/** The interfaces (`ns0/veth0`) that are selected. */
export function selectedInterfaces(editor: Editor): string[] {
  return [...editor.selection.get()].filter((id) => kindOfId(id) === 'interface').map(afterColon)
}

/** The area or note that is selected, where it is the only thing selected. */
export function onlyShape(editor: Editor): string | undefined {
  const [id, ...more] = editor.selection.get()
  return id !== undefined && more.length === 0 && isShape(id) ? id : undefined
}

/** The interface that is selected, where it is the only thing selected. */
export function selectedInterface(editor: Editor): InterfaceView | undefined {
  const [id, ...more] = editor.selection.get()
  if (id === undefined || more.length > 0 || kindOfId(id) !== 'interface') return undefined
  return cachedInterfaceView(editor.lab, afterColon(id))
}
