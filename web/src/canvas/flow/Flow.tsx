/** The port to React Flow: pan, zoom, culling, dragging and marquee of nodes. Nothing outside of this folder imports it. */

import '@xyflow/react/dist/base.css'
import {
  type EdgeChange,
  type Node,
  type NodeChange,
  ReactFlow,
  ReactFlowProvider,
  useStoreApi,
  ViewportPortal,
} from '@xyflow/react'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { useValue } from '@/ui'
import type { Point } from '../model/anchors'
import type { Board } from '../model/board'
import { useOverview } from './camera'
import {
  type CardNode,
  type Drawers,
  DrawersContext,
  EDGE_TYPES,
  NODE_TYPES,
  toEdge,
  toFixed,
  toNode,
  type WireEdge,
} from './elements'
import { everything } from './everything'
import styles from './Flow.module.css'
import type { FlowEvents, FlowView, Picked } from './port'
import { useMemoizedMap } from './useMemoizedMap'
import { ViewPort } from './ViewPort'
import { boardBox, fitIn, MAX_ZOOM, MIN_ZOOM } from './view'

/** What React Flow gets while the overview draws. */
const NONE: Board = { nodes: [], lines: [] }

type FlowProps = FlowEvents & {
  board: Board
  /** What nodes and lines are drawn with: the same object in every render. */
  drawers: Drawers
  onView: (view: FlowView | null) => void
  /** Dragging the empty canvas draws a marquee instead of moving it. */
  marquee: boolean
  /** No node is moved. */
  fixed: boolean
  /** Drawn in canvas units, upon all. */
  above: ReactNode
  /** As `above`, where cards are drawn. */
  aboveCards: ReactNode
  children?: ReactNode
  label: string
}

/** Measures itself first, so that the first drawing already shows everything: nothing is rendered at a zoom that nobody asked for. */
export function Flow(props: FlowProps) {
  const [size, setSize] = useState<{ width: number; height: number } | null>(null)
  const measure = useCallback((element: HTMLDivElement | null) => {
    if (element) setSize({ width: element.clientWidth, height: element.clientHeight })
  }, [])
  return (
    <div ref={measure} className={styles.fill}>
      {size && (
        <ReactFlowProvider
          fitView
          initialNodes={[wholeOf(props.board)]}
          initialWidth={size.width}
          initialHeight={size.height}
          initialMinZoom={MIN_ZOOM}
          initialMaxZoom={fitIn(size.width).maxZoom}
          initialFitViewOptions={fitIn(size.width)}
        >
          <DrawersContext value={props.drawers}>
            <Inner {...props} />
          </DrawersContext>
        </ReactFlowProvider>
      )}
    </div>
  )
}

/** One node in the place of all. */
function wholeOf(board: Board): Node {
  const { x, y, w, h } = boardBox(board)
  const size = { width: w, height: h }
  return { id: 'all', position: { x, y }, ...size, measured: size, data: {} }
}

function Inner(props: FlowProps) {
  const { board, onView, marquee, fixed, above, aboveCards, children, label, ...events } = props
  const all = useValue(everything)
  const cards = useOverview(board) && !all ? NONE : board
  const nodes = useMemoizedMap(cards.nodes, fixed ? toFixed : toNode)
  const edges = useMemoizedMap(cards.lines, toEdge)
  const store = useStoreApi<CardNode, WireEdge>()
  const [first] = useState(() => {
    // The provider has fitted; React Flow would do it again when it first gets nodes, which may be much later.
    store.setState({ fitViewQueued: false })
    const [x, y, zoom] = store.getState().transform
    return { x, y, zoom }
  })
  const { onMove, onDrop, onSelect, onClear, onOpen } = events
  const add = useCallback(() => store.getState().multiSelectionActive, [store])
  useEffect(() => {
    // Escape gives a marquee up; what it had taken is deselected as by any Escape
    const give = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || !store.getState().userSelectionActive) return
      store.setState({ userSelectionActive: false, userSelectionRect: null })
    }
    window.addEventListener('keydown', give, true)
    return () => window.removeEventListener('keydown', give, true)
  }, [store])

  const nodesChange = useCallback(
    (changes: NodeChange<CardNode>[]) => {
      const moved = new Map<string, Point>()
      const [on, off]: [Picked[], Picked[]] = [[], []]
      for (const change of changes) {
        if (change.type === 'position' && change.dragging && change.position) moved.set(change.id, change.position)
        if (change.type === 'select') (change.selected ? on : off).push({ node: change.id })
      }
      if (moved.size > 0) onMove(moved)
      if (on.length > 0 || off.length > 0) onSelect({ on, off, add: add() })
    },
    [onMove, onSelect, add],
  )

  const edgesChange = useCallback(
    (changes: EdgeChange<WireEdge>[]) => {
      // A marquee takes nodes; the links at their borders are no part of it.
      if (store.getState().userSelectionActive) return
      const [on, off]: [Picked[], Picked[]] = [[], []]
      for (const change of changes) {
        if (change.type !== 'select') continue
        const line = store.getState().edgeLookup.get(change.id)?.data?.line
        if (line) (change.selected ? on : off).push({ line })
      }
      if (on.length > 0 || off.length > 0) onSelect({ on, off, add: add() })
    },
    [onSelect, add, store],
  )

  return (
    <ReactFlow<CardNode, WireEdge>
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      onNodesChange={nodesChange}
      onEdgesChange={edgesChange}
      onNodeClick={(event, node) => !event.shiftKey && onSelect({ on: [{ node: node.id }], off: [], add: false })}
      onEdgeClick={(event, edge) =>
        !event.shiftKey && edge.data && onSelect({ on: [{ line: edge.data.line }], off: [], add: false })
      }
      onNodeDragStop={(event, _, dragged) => {
        const at = 'changedTouches' in event ? event.changedTouches[0] : event
        onDrop(new Map(dragged.map((n) => [n.id, n.position])), { x: at?.clientX ?? 0, y: at?.clientY ?? 0 })
      }}
      onNodeDoubleClick={(_, node) => onOpen(node.id)}
      zoomOnDoubleClick={false}
      onPaneClick={onClear}
      aria-label={label}
      onlyRenderVisibleElements={!all}
      zIndexMode="manual"
      nodesConnectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      selectNodesOnDrag={false}
      disableKeyboardA11y
      deleteKeyCode={null}
      multiSelectionKeyCode="Shift"
      selectionOnDrag={marquee}
      panOnDrag={marquee ? [1] : true}
      minZoom={MIN_ZOOM}
      maxZoom={MAX_ZOOM}
      defaultViewport={first}
      proOptions={{ hideAttribution: true }}
    >
      <ViewportPortal>
        {cards !== NONE && aboveCards}
        {above}
      </ViewportPortal>
      <ViewPort board={board} onView={onView} />
      {children}
    </ReactFlow>
  )
}
