import { Cable, type LucideIcon, SquareDashed } from 'lucide-react'
import {
  type Action,
  ADD_KIND,
  addInterface,
  addLink,
  addNamespace,
  addNamespaceAction,
  type Editor,
  Needs,
  partsOf,
  proposedName,
  proposedNamespace,
  runAction,
  shown,
  useDenied,
  useEditor,
} from '@/editor'
import { KIND_ICONS, useKindTexts } from '@/kinds'
import { type AnyInterface, isNode, KINDS, type Kind } from '@/protocol'
import { Tooltip } from '@/ui'
import { useCanvas } from '../input/context'
import type { Drag, Tool } from '../input/drag'
import { useCanvasTexts } from '../texts/canvas'
import styles from './Palette.module.css'

const TOOL_ICONS: Readonly<Record<Tool, LucideIcon>> = { ...KIND_ICONS, namespace: SquareDashed, link: Cable }

export function ToolIcon({ tool }: { tool: Tool }) {
  const Icon = TOOL_ICONS[tool]
  return <Icon size={19} strokeWidth={1.7} aria-hidden="true" />
}

export function useToolNames(): Readonly<Record<Tool, string>> {
  const t = useCanvasTexts()
  return { ...useKindTexts(), namespace: t.paletteNamespace, link: t.paletteLink }
}

type Entry = readonly [Tool, Action]
const BY_KIND: readonly Entry[] = [...ADD_KIND]
const TOOLS: readonly Entry[] = [
  ['namespace', addNamespaceAction],
  ...BY_KIND.filter(([kind]) => isNode(kind)),
  ['link', addLink],
  ...BY_KIND.filter(([kind]) => !isNode(kind)),
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
          {TOOLS.map(([tool, action]) => (
            <Tooltip key={tool} text={denied ?? t.paletteHint} shortcut={shown(action.shortcuts?.[0] ?? '')}>
              <button
                type="button"
                className={styles.tool}
                data-action={action.id}
                onPointerDown={(event) => drags.begin(event, { kind: 'tool', tool }, (drag) => drop(tool, drag))}
                onClick={() => drags.swallowsClick() || runAction(action, editor)}
              >
                <ToolIcon tool={tool} />
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
  const editor = useEditor()
  const { toCanvas } = useCanvas()
  return (tool, drag) => {
    const point = toCanvas(drag.at)
    if (tool === 'namespace') {
      addNamespace(editor, proposedNamespace(editor), { x: snap(point.x - 130), y: snap(point.y - 22) }).catch((e) =>
        editor.fail(e),
      )
    } else if (tool === 'link') editor.dialog.set({ kind: 'link', a: drag.over ?? undefined })
    else dropKind(editor, tool, drag, toCanvas)
  }
}

/** A node that needs nothing else is made where it was dropped; for another kind its dialog opens. */
function dropKind(editor: Editor, kind: Kind, { at, over }: Drag, toCanvas: ToCanvas): void {
  const namespace = over === null ? undefined : partsOf(over).namespace
  if (!isNode(kind) || KINDS[kind].fields.some((field) => field.required)) {
    editor.dialog.set({ kind: 'interface', which: kind, namespace })
  } else if (namespace === undefined) editor.say('info', useCanvasTexts.now().nowhere)
  else {
    const name = proposedName(editor.lab.scene.get(), kind, namespace)
    addInterface(editor, { kind, namespace, name } as AnyInterface, inCard(at, namespace, toCanvas)).catch((e) =>
      editor.fail(e),
    )
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
