import { useEditor } from '@/editor'
import { useValue } from '@/ui'
import { NamespaceDialog } from './AddDialogs'
import { MasterDialog, MoveDialog, RenameDialog } from './EndDialogs'
import { InterfaceDialog } from './InterfaceDialog'
import { LinkDialog } from './LinkDialog'
import { StarDialog } from './StarDialog'

/** The dialogs of `editor.dialog` that make and move what is on the canvas. */
export function CanvasDialogs() {
  const editor = useEditor()
  const dialog = useValue(editor.dialog)
  switch (dialog?.kind) {
    case 'namespace':
      return <NamespaceDialog at={dialog.at} />
    case 'link':
      return <LinkDialog a={dialog.a} b={dialog.b} />
    case 'star':
      return <StarDialog hub={dialog.hub} />
    case 'interface':
      return <InterfaceDialog which={dialog.which} namespace={dialog.namespace} lower={dialog.lower} />
    case 'move':
      return <MoveDialog subject={dialog.ref} />
    case 'master':
      return <MasterDialog subject={dialog.ref} />
    case 'rename':
      return <RenameDialog subject={dialog.ref} />
    default:
      return null
  }
}
