import { type PointerEvent, type SyntheticEvent, useMemo } from 'react'
import { drawLinks, type Editor, nextTool, pairsOf } from '@/editor'
import { nodeAt } from './drag'

/** While a link is drawn, the next node that is pressed gets it; an empty place asks what to make there. For the canvas' element. */
export function useLinkTool(editor: Editor) {
  return useMemo(() => {
    const linking = () => {
      const tool = editor.tool.get()
      return tool.is === 'link' ? tool : null
    }
    const onCanvas = (event: SyntheticEvent): boolean =>
      event.target instanceof Element && event.target.closest('.react-flow') !== null
    return {
      onPointerMoveCapture: (event: PointerEvent): void => {
        if (!linking() || event.pointerType === 'touch') return
        const to = nodeAt({ x: event.clientX, y: event.clientY })
        if (to !== null) editor.tool.update((now) => nextTool(now, { do: 'aim', to }))
      },
      onClickCapture: (event: SyntheticEvent<Element, MouseEvent>): void => {
        const tool = linking()
        if (!tool || !onCanvas(event) || event.nativeEvent.detail === 0) return
        event.stopPropagation()
        const at = { x: event.nativeEvent.clientX, y: event.nativeEvent.clientY }
        const to = nodeAt(at)
        editor.tool.update((now) => nextTool(now, { do: 'end' }))
        if (to !== null) void drawLinks(editor, pairsOf(tool.from, [to]), at)
        else editor.popover.set({ kind: 'choose', from: tool.from, at })
      },
    }
  }, [editor])
}
