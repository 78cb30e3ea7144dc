import { Cable, Layers2, Network, SquareDashed, Waypoints } from 'lucide-react'
import type { ReactNode } from 'react'
import {
  type Action,
  addBridge,
  addBridgeAction,
  addLink,
  addMacvlan,
  addNamespace,
  addNamespaceAction,
  addVxlan,
  Needs,
  partsOf,
  proposedBridge,
  proposedNamespace,
  runAction,
  shown,
  useDenied,
  useEditor,
} from '@/editor'
import { Tooltip } from '@/ui'
import { useCanvas } from '../input/context'
import type { Drag, Tool } from '../input/drag'
import { useCanvasTexts } from '../texts/canvas'
import styles from './Palette.module.css'

const ICON = { size: 19, strokeWidth: 1.7, 'aria-hidden': true } as const

export const TOOL_ICONS: Record<Tool, ReactNode> = {
  namespace: <SquareDashed {...ICON} />,
  bridge: <Network {...ICON} />,
  link: <Cable {...ICON} />,
  vxlan: <Waypoints {...ICON} />,
  macvlan: <Layers2 {...ICON} />,
}

export function useToolNames(): Record<Tool, string> {
  const t = useCanvasTexts()
  return {
    namespace: t.paletteNamespace,
    bridge: t.paletteBridge,
    link: t.paletteLink,
    vxlan: t.paletteVxlan,
    macvlan: t.paletteMacvlan,
  }
}

const TOOLS: readonly { tool: Tool; action: Action }[] = [
  { tool: 'namespace', action: addNamespaceAction },
  { tool: 'bridge', action: addBridgeAction },
  { tool: 'link', action: addLink },
  { tool: 'vxlan', action: addVxlan },
  { tool: 'macvlan', action: addMacvlan },
]

/** What can be put onto the canvas: dragged there, or by its key. */
export function Palette() {
  const t = useCanvasTexts()
  const names = useToolNames()
  const editor = useEditor()
  const { drags } = useCanvas()
  const drop = usePaletteDrop()
  const denied = useDenied()
  return (
    <div className={styles.rail}>
      <div className={styles.palette} role="toolbar" aria-orientation="vertical" aria-label={t.palette}>
        <Needs>
          {TOOLS.map(({ tool, action }) => (
            <Tooltip key={tool} text={denied ?? t.paletteHint} shortcut={shown(action.shortcuts?.[0] ?? '')}>
              <button
                type="button"
                className={styles.tool}
                data-action={action.id}
                onPointerDown={(event) => drags.begin(event, { kind: 'tool', tool }, (drag) => drop(tool, drag))}
                onClick={() => drags.swallowsClick() || runAction(action, editor)}
              >
                {TOOL_ICONS[tool]}
                <span>{names[tool]}</span>
              </button>
            </Tooltip>
          ))}
        </Needs>
      </div>
    </div>
  )
}

/** What dropping a palette entry does. */
function usePaletteDrop(): (tool: Tool, drag: Drag) => void {
  const t = useCanvasTexts()
  const editor = useEditor()
  const { toCanvas } = useCanvas()
  return (tool, { at, over }) => {
    const point = toCanvas(at)
    const namespace = over === null ? undefined : partsOf(over).namespace
    if (tool === 'namespace') {
      addNamespace(editor, proposedNamespace(editor), { x: snap(point.x - 130), y: snap(point.y - 22) }).catch((e) =>
        editor.fail(e),
      )
    } else if (tool === 'bridge') {
      if (namespace === undefined) editor.say('info', t.nowhere)
      else {
        const name = proposedBridge(editor, namespace)
        addBridge(editor, namespace, name, inCard(at, namespace, toCanvas)).catch((e) => editor.fail(e))
      }
    } else if (tool === 'link') {
      editor.dialog.set({ kind: 'link', a: over ?? undefined })
    } else {
      editor.dialog.set({ kind: 'interface', which: tool, namespace })
    }
  }
}

const snap = (n: number): number => Math.round(n / 10) * 10

type ToCanvas = (at: { x: number; y: number }) => { x: number; y: number }

/** A point of the window, relative to the corner of a namespace's card. */
function inCard(
  at: { x: number; y: number },
  namespace: string,
  toCanvas: ToCanvas,
): { x: number; y: number } | undefined {
  const card = document.querySelector(`[data-id="namespace:${CSS.escape(namespace)}"]`)?.getBoundingClientRect()
  if (!card) return undefined
  const [corner, point] = [toCanvas({ x: card.left, y: card.top }), toCanvas(at)]
  return { x: snap(point.x - corner.x - 60), y: snap(point.y - corner.y - 16) }
}
