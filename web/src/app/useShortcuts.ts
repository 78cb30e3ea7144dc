import { useEffect } from 'react'
import { ACTIONS, canRun, type Editor, matches, remove, runAction, takesText } from '@/editor'

/** Keys run the actions that name them, except where the focus is in a field, a dialog or a menu. */
export function useShortcuts(editor: Editor): void {
  useEffect(() => {
    const key = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || editor.dialog.get() !== null) return
      const action = ACTIONS.find((a) => a.shortcuts?.some((s) => matches(s, event)))
      if (!action || action.native) return
      const inLine = action.inFields && event.target instanceof HTMLInputElement
      if (takesText(event.target) && !inLine) return
      // In the side panel Delete belongs to what is listed there.
      if (action === remove && event.target instanceof Element && event.target.closest('aside')) return
      if (!canRun(action, editor)) return
      event.preventDefault()
      runAction(action, editor)
    }
    window.addEventListener('keydown', key)
    return () => window.removeEventListener('keydown', key)
  }, [editor])
}
