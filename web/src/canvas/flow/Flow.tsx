/** The port to React Flow: pan, zoom, culling, dragging and marquee of nodes. Nothing else in the app imports it. */

import '@xyflow/react/dist/base.css'
import {
  type Edge,
  type EdgeChange,
  type EdgeProps,
  getViewportForBounds,
  Handle,
  type Node,
  type NodeChange,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
  useStoreApi,
  ViewportPortal,
} from '@xyflow/react'
import { memo, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useValue } from '@/ui'
import styles from '../Canvas.module.css'
import { AreaNode } from '../cards/AreaNode'
import { BridgeNode } from '../cards/BridgeNode'
import { NamespaceCard } from '../cards/NamespaceCard'
import { NoteNode } from '../cards/NoteNode'
import { Wire } from '../cards/Wire'
import { Guides } from '../hands/Guides'
import { JourneyLayer } from '../journey/JourneyLayer'
import type { Point } from '../model/anchors'
import type { Board, BoardLine, BoardNode } from '../model/board'
import type { Box } from '../model/geometry'
import { everything } from './everything'
import type { FlowCamera, FlowEvents, FlowView, Picked } from './port'
import { useKept } from './useKept'
import { boardBox, fitIn, hidden, MAX_ZOOM, MIN_ZOOM, SETTLED_MS, smooth, viewOf } from './view'

type CardNode = Node<{ of: BoardNode }, 'card'>
type WireEdge = Edge<{ line: BoardLine }, 'wire'>

/** Below this zoom only names are drawn, and of more nodes than these not even cards: see overview/. */
const FAR = 0.4
const FEW = 40

/** Whether the scene is drawn as a whole instead of card by card. */
export function useOverview(board: Board): boolean {
  return useStore((s) => s.transform[2] < FAR) && board.nodes.length > FEW
}

export function useCamera(): FlowCamera {
  const store = useStoreApi()
  const flow = useReactFlow()
  return useMemo(
    () => ({
      get: () => {
        const { transform, width, height } = store.getState()
        return { x: transform[0], y: transform[1], zoom: transform[2], width, height }
      },
      subscribe: (listener) =>
        store.subscribe((now, before) => {
          const same = now.transform === before.transform && now.width === before.width && now.height === before.height
          if (!same) listener()
        }),
      toCanvas: (at) => flow.screenToFlowPosition(at, { snapToGrid: false }),
      centre: ({ x, y }) => void flow.setCenter(x, y, { zoom: flow.getZoom() }),
      panBy: (by) => void store.getState().panBy(by),
    }),
    [store, flow],
  )
}

/** What React Flow gets while the overview draws. */
const NONE: Board = { nodes: [], lines: [] }

/** React Flow wants handles in the document and measures them; ours are points in the corner. */
const CORNER = { left: 0, top: 0, width: 0, height: 0, minWidth: 0, minHeight: 0, border: 'none', transform: 'none' }

const CardNodeView = memo(function CardNodeView({ data }: NodeProps<CardNode>) {
  const far = useStore((s) => s.transform[2] < FAR)
  const { of } = data
  return (
    <>
      <Handle type="source" position={Position.Left} style={CORNER} isConnectable={false} />
      <Handle type="target" position={Position.Left} style={CORNER} isConnectable={false} />
      <Body of={of} far={far} />
    </>
  )
})

function Body({ of, far }: { of: BoardNode; far: boolean }) {
  switch (of.kind) {
    case 'namespace':
      return <NamespaceCard name={of.id} card={of.card} selected={of.selected} far={far} />
    case 'bridge':
      return <BridgeNode box={of.box} selected={of.selected} far={far} />
    case 'area':
      return <AreaNode area={of.area} selected={of.selected} />
    case 'note':
      return <NoteNode note={of.note} selected={of.selected} />
  }
}

const WireView = memo(function WireView({ data, sourceX, sourceY, targetX, targetY }: EdgeProps<WireEdge>) {
  return data ? <Wire line={data.line} ax={sourceX} ay={sourceY} bx={targetX} by={targetY} /> : null
})

const NODE_TYPES = { card: CardNodeView }
const EDGE_TYPES = { wire: WireView }
/** One point in the corner: wires find their own way from there (see anchors.ts). */
const HANDLES = (['source', 'target'] as const).map((type) => ({
  type,
  position: Position.Left,
  x: 0,
  y: 0,
  width: 0,
  height: 0,
}))

/** What is inside names itself. */
const PLAIN = { 'aria-roledescription': undefined, 'aria-label': undefined, 'aria-describedby': undefined }

/** Areas lie behind all, notes upon all. Lines run below cards, so that they cover no chip; only those of bridge ports must leave over the
 * card around. */
const Z = { area: -1, line: 0, around: 0, port: 1, bridge: 2, namespace: 2, note: 3, moving: 10 }

const zOf = (of: BoardNode): number => (of.kind === 'namespace' && of.card.bridges.length > 0 ? Z.around : Z[of.kind])

function toNode(of: BoardNode): CardNode {
  const size = { width: of.w, height: of.h }
  return {
    id: of.id,
    type: 'card',
    position: { x: of.x, y: of.y },
    ...size,
    measured: size,
    handles: HANDLES,
    selected: of.selected,
    draggable: !of.locked,
    zIndex: of.moving && of.kind !== 'area' ? Z.moving : zOf(of),
    // What lies in an area stays in reach: only its label takes the pointer.
    ...(of.kind === 'area' ? { style: { pointerEvents: 'none' as const } } : {}),
    ...(of.kind === 'bridge' ? { parentId: of.parent } : {}),
    domAttributes: PLAIN,
    data: { of },
  }
}

const toFixed = (of: BoardNode): CardNode => ({ ...toNode(of), draggable: false })

function toEdge(line: BoardLine): WireEdge {
  const { id, from, to, selected } = line
  const onBridge = from.node.includes('/') || to.node.includes('/')
  return {
    id,
    type: 'wire',
    source: from.node,
    target: to.node,
    selected,
    zIndex: onBridge ? Z.port : Z.line,
    data: { line },
    ariaRole: 'group',
    domAttributes: PLAIN,
  }
}

type FlowProps = FlowEvents & {
  board: Board
  onView: (view: FlowView | null) => void
  /** Dragging the empty canvas draws a marquee instead of moving it. */
  marquee: boolean
  /** No node is moved. */
  fixed: boolean
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
          <Inner {...props} />
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

function Inner({ board, onView, marquee, fixed, children, label, ...events }: FlowProps) {
  const all = useValue(everything)
  const cards = useOverview(board) && !all ? NONE : board
  const nodes = useKept(cards.nodes, fixed ? toFixed : toNode)
  const edges = useKept(cards.lines, toEdge)
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
        {cards !== NONE && <Guides />}
        <JourneyLayer board={board} />
      </ViewportPortal>
      <ViewPort board={board} onView={onView} />
      {children}
    </ReactFlow>
  )
}

function ViewPort({ board, onView }: { board: Board; onView: FlowProps['onView'] }) {
  const flow = useReactFlow<CardNode, WireEdge>()
  const store = useStoreApi()
  const latest = useRef(board)
  latest.current = board
  useEffect(() => {
    const size = (): { width: number; height: number } => {
      const { width, height } = store.getState()
      return { width, height }
    }
    const show = ({ x, y, w, h }: Box, maxZoom: number): void => {
      const { width, height } = size()
      const bounds = { x, y, width: w, height: h }
      void flow.setViewport(
        getViewportForBounds(bounds, width, height, MIN_ZOOM, maxZoom, fitIn(width).padding),
        smooth(),
      )
    }
    onView(viewOf(flow, size, () => latest.current, show))
    let before = size()
    let timer: ReturnType<typeof setTimeout> | undefined
    const settled = (): void => {
      const now = size()
      const box = hidden(latest.current, flow.getViewport(), before, now)
      before = now
      if (box) show(box, flow.getZoom())
    }
    const off = store.subscribe((now, last) => {
      if (now.width === last.width && now.height === last.height) return
      clearTimeout(timer)
      timer = setTimeout(settled, SETTLED_MS)
    })
    return () => {
      clearTimeout(timer)
      off()
      onView(null)
    }
  }, [flow, store, onView])
  return null
}

/** The zoom in percent; renders again when it changes. */
export function useZoomPercent(): number {
  return useStore((s) => Math.round(s.transform[2] * 100))
}
