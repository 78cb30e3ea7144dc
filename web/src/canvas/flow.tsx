/** The port to React Flow: pan, zoom, culling, dragging and marquee of nodes. Nothing else in the app imports it. */

import '@xyflow/react/dist/base.css'
import {
  Background,
  BackgroundVariant,
  type Edge,
  type EdgeChange,
  type EdgeProps,
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
} from '@xyflow/react'
import { memo, type ReactNode, useCallback, useEffect, useMemo, useRef } from 'react'
import type { Point } from './anchors'
import { BridgeNode } from './BridgeNode'
import type { Board, BoardLine, BoardNode } from './board'
import { NamespaceCard } from './NamespaceCard'
import { Wire } from './Wire'

type CardNode = Node<{ of: BoardNode }, 'card'>
type WireEdge = Edge<{ line: BoardLine }, 'wire'>

/** Below this zoom only names are drawn. */
const FAR = 0.4

export interface FlowEvents {
  /** Nodes under the pointer; places relative to their parents. */
  onMove(places: ReadonlyMap<string, Point>): void
  onDrop(places: ReadonlyMap<string, Point>, at: Point): void
  /** What the pointer selected or deselected; `add`: keep the rest (Shift). */
  onSelect(change: { on: Picked[]; off: Picked[]; add: boolean }): void
  onClear(): void
}

export type Picked = { node: string } | { line: BoardLine }

/** What the canvas can be told. Points of the window in pixels, others in canvas units. */
export interface FlowView {
  fit(): void
  zoomIn(): void
  zoomOut(): void
  zoomReset(): void
  centreOn(node: string): void
  /** Zoom out where this box is not seen whole. */
  include(box: { x: number; y: number; w: number; h: number }): void
  toCanvas(at: Point): Point
  centre(): Point
}

/** React Flow wants handles in the document and measures them; ours are points in the corner. */
const CORNER = { left: 0, top: 0, width: 0, height: 0, minWidth: 0, minHeight: 0, border: 'none', transform: 'none' }

const CardNodeView = memo(function CardNodeView({ data }: NodeProps<CardNode>) {
  const far = useStore((s) => s.transform[2] < FAR)
  const { of } = data
  return (
    <>
      <Handle type="source" position={Position.Left} style={CORNER} isConnectable={false} />
      <Handle type="target" position={Position.Left} style={CORNER} isConnectable={false} />
      {of.kind === 'namespace' ? (
        <NamespaceCard name={of.id} card={of.card} selected={of.selected} far={far} />
      ) : (
        <BridgeNode box={of.box} selected={of.selected} far={far} />
      )}
    </>
  )
})

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

/** Lines run below cards, so that they cover no chip; only those of bridge ports must leave over the card around. */
const Z = { line: 0, namespace: 0, port: 1, bridge: 2, moving: 10 }

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
    zIndex: of.moving ? Z.moving : Z[of.kind],
    ...(of.kind === 'bridge' ? { parentId: of.parent } : {}),
    domAttributes: PLAIN,
    data: { of },
  }
}

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

/** Maps a list and keeps the results of entries that are the same objects as before. */
function useKept<A extends object, B>(list: readonly A[], map: (entry: A) => B): B[] {
  const cache = useRef(new WeakMap<A, B>())
  return useMemo(
    () =>
      list.map((entry) => {
        const known = cache.current.get(entry)
        if (known) return known
        const made = map(entry)
        cache.current.set(entry, made)
        return made
      }),
    [list, map],
  )
}

type FlowProps = FlowEvents & {
  board: Board
  onView: (view: FlowView | null) => void
  children?: ReactNode
  label: string
}

export function Flow(props: FlowProps) {
  return (
    <ReactFlowProvider>
      <Inner {...props} />
    </ReactFlowProvider>
  )
}

function Inner({ board, onView, children, label, ...events }: FlowProps) {
  const nodes = useKept(board.nodes, toNode)
  const edges = useKept(board.lines, toEdge)
  const store = useStoreApi<CardNode, WireEdge>()
  const { onMove, onDrop, onSelect, onClear } = events
  const add = useCallback(() => store.getState().multiSelectionActive, [store])

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
      onPaneClick={onClear}
      aria-label={label}
      onlyRenderVisibleElements
      zIndexMode="manual"
      nodesConnectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      selectNodesOnDrag={false}
      disableKeyboardA11y
      deleteKeyCode={null}
      multiSelectionKeyCode="Shift"
      snapToGrid
      snapGrid={[10, 10]}
      minZoom={0.05}
      maxZoom={2.5}
      fitView
      fitViewOptions={FIT}
      proOptions={{ hideAttribution: true }}
    >
      <Background variant={BackgroundVariant.Dots} gap={20} size={1.4} color="var(--dots)" />
      <ViewPort onView={onView} />
      {children}
    </ReactFlow>
  )
}

/** Room for the palette and the controls, in pixels. */
const FIT = { padding: { left: '130px', right: '48px', top: '40px', bottom: '72px' }, maxZoom: 1.1 } as const
const SMOOTH = { duration: 180 }

type Rect = { position: Point; width?: number | undefined; height?: number | undefined }

/** The smallest box around all. */
function around(rects: readonly Rect[]): { x: number; y: number; width: number; height: number } {
  const x = Math.min(...rects.map((r) => r.position.x))
  const y = Math.min(...rects.map((r) => r.position.y))
  const right = Math.max(...rects.map((r) => r.position.x + (r.width ?? 0)))
  const bottom = Math.max(...rects.map((r) => r.position.y + (r.height ?? 0)))
  return { x, y, width: right - x, height: bottom - y }
}

function ViewPort({ onView }: { onView: FlowProps['onView'] }) {
  const flow = useReactFlow<CardNode, WireEdge>()
  const store = useStoreApi()
  useEffect(() => {
    const size = (): { width: number; height: number } => store.getState()
    onView({
      fit: () => void flow.fitView({ ...FIT, ...SMOOTH }),
      zoomIn: () => void flow.zoomIn(SMOOTH),
      zoomOut: () => void flow.zoomOut(SMOOTH),
      zoomReset: () => void flow.zoomTo(1, SMOOTH),
      centreOn: (id) => {
        const node = flow.getInternalNode(id)
        if (!node) return
        const { x, y } = node.internals.positionAbsolute
        const zoom = Math.max(flow.getZoom(), 0.8)
        void flow.setCenter(x + (node.width ?? 0) / 2, y + (node.height ?? 0) / 2, { zoom, ...SMOOTH })
      },
      include: ({ x, y, w, h }) => {
        const { x: left, y: top, zoom } = flow.getViewport()
        const seen = (p: number, start: number, all: number): boolean => p * zoom + start > 0 && p * zoom + start < all
        const { width, height } = size()
        if (seen(x, left, width) && seen(x + w, left, width) && seen(y, top, height) && seen(y + h, top, height)) return
        const rects = [...flow.getNodes().filter((n) => !n.parentId), { position: { x, y }, width: w, height: h }]
        void flow.fitBounds(around(rects), { padding: 0.16, ...SMOOTH })
      },
      toCanvas: (at) => flow.screenToFlowPosition(at),
      centre: () => {
        const { x, y, zoom } = flow.getViewport()
        const { width, height } = size()
        return { x: (width / 2 - x) / zoom, y: (height / 2 - y) / zoom }
      },
    })
    return () => onView(null)
  }, [flow, store, onView])
  return null
}

/** The zoom in percent; renders again when it changes. */
export function useZoomPercent(): number {
  return useStore((s) => Math.round(s.transform[2] * 100))
}
