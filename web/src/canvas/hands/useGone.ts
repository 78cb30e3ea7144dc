import { useEffect } from 'react'
import { type Editor, nextTool, type Spot } from '@/editor'

/** Somebody else may take away what a gesture is about: then it is over. */
export function useGone(editor: Editor): void {
  useEffect(() => {
    /** What stands open and was about something that was there: what was just made may not have arrived. */
    let seen: Spot | null = null
    const look = (): void => {
      const { namespaces, interfaces } = editor.lab.scene.get()
      const there = (name: string): boolean => (name.includes('/') ? interfaces.has(name) : namespaces.has(name))
      const tool = editor.tool.get()
      if (tool.is === 'link' && !tool.from.some(there)) editor.tool.set(nextTool(tool, { do: 'end' }))
      const spot = editor.spot.get()
      if (spot === null) return
      if ((spot.kind === 'choose' ? spot.from : spot.links.flat()).some(there)) seen = spot
      else if (seen === spot || spot.kind === 'choose') editor.spot.set(null)
    }
    const stop = [editor.lab.scene.subscribe(look), editor.spot.subscribe(look)]
    return () => {
      for (const end of stop) end()
    }
  }, [editor])
}
