import { useEffect } from 'react'
import { type CanvasPopover, type Editor, nextTool } from '@/editor'

/** Cancels a gesture or closes a popover if someone else removes the nodes it is about. */
export function useCancelOnRemoval(editor: Editor): void {
  useEffect(() => {
    /** The popover whose nodes have been seen: nodes that were just created may not have arrived yet. */
    let seen: CanvasPopover | null = null
    const look = (): void => {
      const { namespaces, interfaces } = editor.lab.scene.get()
      const there = (name: string): boolean => (name.includes('/') ? interfaces.has(name) : namespaces.has(name))
      const tool = editor.tool.get()
      if (tool.is === 'link' && !tool.from.some(there)) editor.tool.set(nextTool(tool, { do: 'end' }))
      const popover = editor.popover.get()
      if (popover === null) return
      if ((popover.kind === 'choose' ? popover.from : popover.links.flat()).some(there)) seen = popover
      else if (seen === popover || popover.kind === 'choose') editor.popover.set(null)
    }
    const stop = [editor.lab.scene.subscribe(look), editor.popover.subscribe(look)]
    return () => {
      for (const end of stop) end()
    }
  }, [editor])
}
