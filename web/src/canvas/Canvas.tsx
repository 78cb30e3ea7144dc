import { type MouseEvent, type RefObject, useEffect, useMemo, useRef, useState } from 'react'
import { dropEnd, type Editor, type Point, useDenied, useEditor, useEditorTexts } from '@/editor'
import { interfaceId } from '@/protocol'
import { ContextArea, usePart, useValue } from '@/ui'
import styles from './Canvas.module.css'
import { type Board, BoardBuilder, type Overrides } from './model/board'
import './cards/staged.css'
import { Card } from './cards/Card'
import { Wire } from './cards/Wire'
import { DragLayer } from './chrome/DragLayer'
import { HoverCard } from './chrome/HoverCard'
import { KeyHints } from './chrome/KeyHints'
import { menuEntries, selectUnder } from './chrome/menu'
import { Overlays } from './chrome/Overlays'
import { Palette } from './chrome/Palette'
import { SelectionBar } from './chrome/SelectionBar'
import { ViewControls } from './chrome/ViewControls'
import { CanvasDialogs } from './dialogs/CanvasDialogs'
import { Dots } from './drawing/Dots'
import { OverviewLayer } from './drawing/OverviewLayer'
import { AboveCards, AboveOverview } from './flow/AboveOverview'
import { Flow } from './flow/Flow'
import type { FlowView } from './flow/port'
import { useCanvasView } from './flow/useCanvasView'
import { useRefit } from './flow/useRefit'
import { useRevealNew } from './flow/useRevealNew'
import { CanvasProvider, type CanvasTools } from './input/context'
import { Drags, drawnUnder } from './input/drag'
import { Guides } from './input/Guides'
import { MoveTool } from './input/move'
import { useCancelOnRemoval } from './input/useCancelOnRemoval'
import { useClipboard } from './input/useClipboard'
import { useFileDrop } from './input/useFileDrop'
import { useKeys } from './input/useKeys'
import { useLinkTool } from './input/useLinkTool'
import { recordsOf, useNodeEvents } from './input/useNodeEvents'
import { type Places, usePlaces } from './input/usePlaces'
import { WheelPan } from './input/WheelPan'
import { JourneyLayer } from './journey/JourneyLayer'
import { useArrange } from './layout/useArrange'
import { boxesOf } from './model/board'
import { PopoverLayer } from './popovers/PopoverLayer'
import { useCanvasTexts } from './texts/canvas'

const DRAWERS = { Card, Wire }

/** These subscribe to changes themselves. As constant elements they are not rendered again during a drag. */
const PALETTE = <Palette />
const GUIDES = <Guides />
const DOTS = <Dots />
const CONTROLS = <ViewControls />
const ABOVE = (
  <>
    <EmptyHint />
    <SelectionBar />
    <KeyHints />
    <PopoverLayer />
  </>
)
const OUTSIDE = (
  <>
    <DragLayer />
    <CanvasDialogs />
  </>
)

/** The canvas: draws the state of the kernel, and turns gestures into edits. */
export function Canvas() {
  const editor = useEditor()
  const t = useCanvasTexts()
  const places = usePlaces(editor)
  const board = useBoard(editor, places.overrides)
  const area = useRef<HTMLDivElement>(null)
  const view = useRef<FlowView | null>(null)
  /** Where the menu opens: at the menu's event, or where a finger rests (not every browser has an event for that). */
  const pointed = useRef<{ place: Point; select(): void }>(undefined)
  const latest = useRef(board)
  latest.current = board
  const tools = useTools(editor, view, latest, places)
  const events = useNodeEvents(editor, latest, places, tools, view)
  const point = ({ target, clientX, clientY }: MouseEvent): void => {
    const at = { x: clientX, y: clientY }
    const select = (): void => {
      const under = drawnUnder(target, at)
      selectUnder(editor, target, under && recordsOf([under]))
    }
    pointed.current = { place: tools.toCanvas(at), select }
  }
  useKeys(editor, latest, places)
  useClipboard(editor, tools.toCanvas)
  const link = useLinkTool(editor)
  useRevealNew(editor, board)
  useCancelOnRemoval(editor)
  useRefit(area, view, latest)
  useArrange(editor, latest, places)
  const file = useFileDrop(editor)
  const fixed = useDenied() !== undefined
  const marquee = usePart(editor.tool, (tool) => tool.is === 'select')
  const onView = useCanvasView(editor, view, latest)
  return (
    <CanvasProvider value={tools}>
      <ContextArea entries={() => menuEntries(editor, pointed.current?.place)} onOpen={() => pointed.current?.select()}>
        <div
          ref={area}
          className={styles.canvas}
          onContextMenuCapture={(event) => {
            if (tools.drags.now.get() || tools.move.busy) {
              // a gesture is not over: no menu comes between
              event.preventDefault()
              event.stopPropagation()
              return
            }
            point(event)
          }}
          onPointerDownCapture={point}
          {...link}
          {...file}
        >
          {PALETTE}
          <Flow
            board={board}
            drawers={DRAWERS}
            onView={onView}
            marquee={marquee}
            fixed={fixed}
            above={
              <AboveCards board={board}>
                <JourneyLayer board={board} />
              </AboveCards>
            }
            aboveCards={GUIDES}
            label={t.network}
            {...events}
          >
            {DOTS}
            <WheelPan area={area} />
            <OverviewLayer board={board} events={events} />
            <AboveOverview board={board}>
              <JourneyLayer board={board} />
            </AboveOverview>
            <Overlays board={board} />
            {CONTROLS}
          </Flow>
          {ABOVE}
        </div>
      </ContextArea>
      <HoverCard area={area} />
      {OUTSIDE}
    </CanvasProvider>
  )
}

function useTools(
  editor: Editor,
  view: RefObject<FlowView | null>,
  board: RefObject<Board>,
  places: Places,
): CanvasTools {
  const { resize, forget } = places
  const [drags] = useState(() => new Drags())
  const [move] = useState(() => new MoveTool())
  return useMemo(() => {
    const toCanvas = (at: Point): Point => view.current?.toCanvas(at) ?? at
    return {
      drags,
      move,
      toCanvas,
      shapes: {
        boxOf: (id) => boxesOf(board.current.nodes).get(id),
        toCanvas,
        resizing: (id, box) => resize(id, box, false),
        resize: (id, box) => resize(id, box, true),
        forget: (id) => forget([id]),
      },
      refocus: () => {
        const [first] = editor.selection.get()
        document.querySelector<HTMLElement>(`main [data-id="${CSS.escape(first ?? '')}"]`)?.focus()
      },
      dropEnd: (ref, node) => void moveEnd(editor, ref, node),
    }
  }, [editor, view, board, drags, move, resize, forget])
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

/** An interface was dropped on a node: sends the edit that this means, which the server may refuse. */
export async function moveEnd(editor: Editor, ref: string, node: string | null): Promise<void> {
  if (node === null) return
  const edit = dropEnd(editor.lab.scene.get(), useEditorTexts.now(), ref, node)
  if (!edit) return
  const done = await editor.edit(edit.commands, edit.label)
  if (done) editor.select([interfaceId(edit.ref)])
}

function EmptyHint() {
  const editor = useEditor()
  const t = useCanvasTexts()
  const empty = usePart(editor.lab.scene, (scene) => scene.namespaces.size < 2 && scene.links.size === 0)
  const touring = usePart(editor.tour, (tour) => tour?.open === true)
  const [seen, setSeen] = useState(false)
  useEffect(() => setSeen(empty), [empty])
  if (!seen || touring) return null
  return (
    <p className={styles.empty}>
      <strong>{t.emptyTitle}</strong>
      {t.emptyText} <kbd>N</kbd> {t.emptyThen} <kbd>L</kbd>
    </p>
  )
}
