/** What the pointer and the arrow keys do on the canvas: a tree of few states. Pure.
 *
 *     pan ⇄ select          dragging the empty canvas moves it, or draws a marquee
 *      ↑ ↓
 *     link: from, to        the next node that is pointed at or walked to gets a link; Escape: back */

export type Tool =
  | { is: 'pan' }
  | { is: 'select' }
  | { is: 'link'; from: readonly string[]; to: string | null; before: 'pan' | 'select' }

export type ToolEvent =
  | { do: 'choose'; tool: 'pan' | 'select' }
  /** Begin a link at these nodes (`ns0`, `host/br0`). */
  | { do: 'link'; from: readonly string[] }
  /** The arrow keys came to a node while linking. */
  | { do: 'aim'; to: string }
  | { do: 'end' }

export const FIRST_TOOL: Tool = { is: 'pan' }

export function nextTool(now: Tool, event: ToolEvent): Tool {
  const base = now.is === 'link' ? now.before : now.is
  switch (event.do) {
    case 'choose':
      return { is: event.tool }
    case 'link':
      return event.from.length === 0 ? { is: base } : { is: 'link', from: event.from, to: null, before: base }
    case 'aim':
      if (now.is !== 'link') return now
      return now.from.length === 1 && now.from[0] === event.to ? { ...now, to: null } : { ...now, to: event.to }
    case 'end':
      return now.is === 'link' ? { is: base } : now
  }
}
