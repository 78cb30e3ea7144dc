import { useEffect, useMemo, useRef, useState } from 'react'
import { dropEnd, type Editor, useEditor, useEditorTexts } from '@/editor'
import { afterColon, interfaceId, kindOfId, namespaceOf } from '@/protocol'
import { ContextArea, usePart, useValue } from '@/ui'
import { type Board, BoardBuilder, type Overrides } from './board'
import styles from './Canvas.module.css'
import './staged.css'
import { CanvasProvider, type CanvasTools } from './context'
import { DragLayer } from './DragLayer'
import { CanvasDialogs } from './dialogs/CanvasDialogs'
import { Drags, drawn } from './drag'
import { Flow, type FlowView } from './flow'
import { menuEntries, selectUnder } from './menu'
import { OverviewLayer } from './overview/OverviewLayer'
import { Palette } from './Palette'
import { useCanvasTexts } from './texts'
import { useFileDrop } from './useFileDrop'
import { recordsOf, useNodeEvents, useNudge } from './useNodeEvents'
import { usePlaces } from './usePlaces'
import { useSeen } from './useSeen'
import { ViewControls } from './ViewControls'

/** The breadboard: what the kernel says, drawn; gestures become edits. */
export function Canvas() {
  const editor = useEditor()
  const t = useCanvasTexts()
  const [drags] = useState(() => new Drags())
  const places = usePlaces(editor)
  const board = useBoard(editor, places.overrides)
  const view = useRef<FlowView | null>(null)
  const latest = useRef(board)
  latest.current = board
  const tools = useMemo<CanvasTools>(
    () => ({
      drags,
      toCanvas: (at) => view.current?.toCanvas(at) ?? at,
      dropEnd: (ref, node) => void moveEnd(editor, ref, node),
    }),
    [drags, editor],
  )
  const events = useNodeEvents(editor, latest, places, tools)
  useNudge(editor, latest, places)
  useSeen(editor, board)
  const file = useFileDrop(editor)
  const onView = useMemo(() => viewKeeper(editor, view, latest), [editor])
  return (
    <CanvasProvider value={tools}>
      <ContextArea entries={() => menuEntries(editor)}>
        <div
          className={styles.canvas}
          onContextMenuCapture={(event) => {
            const under = drawn.find?.({ x: event.clientX, y: event.clientY })
            selectUnder(editor, event.target, under && recordsOf([under]))
          }}
          {...file}
        >
          <Palette />
          <Flow board={board} onView={onView} label={t.network} {...events}>
            <OverviewLayer board={board} events={events} />
            <ViewControls />
          </Flow>
          <EmptyHint />
        </div>
      </ContextArea>
      <DragLayer />
      <CanvasDialogs />
    </CanvasProvider>
  )
}

function useBoard(editor: Editor, overrides: Overrides): Board {
  const [builder] = useState(() => new BoardBuilder())
  const scene = useValue(editor.lab.scene)
  const placed = useValue(editor.lab.places)
  const selection = useValue(editor.selection)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the builder reads scene and places from the store
  return useMemo(
    () => builder.build(editor.lab, selection, overrides),
    [builder, editor, scene, placed, selection, overrides],
  )
}

/** An end was let go over a node: what the gesture means is asked of the server, which may refuse. */
export async function moveEnd(editor: Editor, ref: string, node: string | null): Promise<void> {
  if (node === null) return
  const deed = dropEnd(editor.lab.scene.get(), useEditorTexts.now(), ref, node)
  if (!deed) return
  const done = await editor.edit(deed.commands, deed.label)
  if (done) editor.select([interfaceId(deed.ref)])
}

type Box = { current: FlowView | null }

/** Takes React Flow's view in, and lends it to the editor as its viewport. */
function viewKeeper(editor: Editor, view: Box, board: { current: Board }): (now: FlowView | null) => void {
  return (now) => {
    view.current = now
    if (now === null) {
      editor.viewport.set(null)
      return
    }
    editor.viewport.set({
      ...now,
      reveal: (recordId) => now.centreOn(nodeOf(editor, recordId)),
      taken: () => board.current.nodes.filter((n) => n.kind === 'namespace').map(({ x, y, w, h }) => ({ x, y, w, h })),
    })
  }
}

/** The node that shows a record. */
function nodeOf(editor: Editor, recordId: string): string {
  const name = afterColon(recordId)
  if (kindOfId(recordId) === 'namespace') return name
  return editor.lab.scene.get().interfaces.get(name)?.kind === 'bridge' ? name : namespaceOf(name)
}

function EmptyHint() {
  const editor = useEditor()
  const t = useCanvasTexts()
  const empty = usePart(editor.lab.scene, (scene) => scene.namespaces.size < 2 && scene.links.size === 0)
  const [seen, setSeen] = useState(false)
  useEffect(() => setSeen(empty), [empty])
  if (!seen) return null
  return (
    <p className={styles.empty}>
      <strong>{t.emptyTitle}</strong>
      {t.emptyText} <kbd>N</kbd> {t.emptyThen} <kbd>L</kbd>
    </p>
  )
}
