import { useEffect } from 'react'
import { type CanvasPopover, type Editor, nextTool } from '@/editor'

/** Somebody else may take away what a gesture is about: then it is over. */
export function useCancelOnRemoval(editor: Editor): void {
  useEffect(() => {
    /** What stands open and was about something that was there: what was just made may not have arrived. */
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
