/** Nodes and lines of the board as React Flow's nodes and edges. */

import { type Edge, type EdgeProps, Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import { type ComponentType, createContext, memo, useContext } from 'react'
import type { BoardLine, BoardNode } from '../model/board'
import { useFar } from './camera'

export type CardNode = Node<{ of: BoardNode }, 'card'>
export type WireEdge = Edge<{ line: BoardLine }, 'wire'>

/** React Flow wants handles in the document and measures them; ours are points in the corner. */
const CORNER = { left: 0, top: 0, width: 0, height: 0, minWidth: 0, minHeight: 0, border: 'none', transform: 'none' }

/** What draws a node or a link; lent by the canvas. `far`: only its name can be read. Points in canvas units. */
export interface Drawers {
  Card: ComponentType<{ of: BoardNode; far: boolean }>
  Wire: ComponentType<{ line: BoardLine; ax: number; ay: number; bx: number; by: number }>
}

export const DrawersContext = createContext<Drawers | null>(null)

const CardNodeView = memo(function CardNodeView({ data }: NodeProps<CardNode>) {
  const far = useFar()
  const drawers = useContext(DrawersContext)
  return (
    <>
      <Handle type="source" position={Position.Left} style={CORNER} isConnectable={false} />
      <Handle type="target" position={Position.Left} style={CORNER} isConnectable={false} />
      {drawers && <drawers.Card of={data.of} far={far} />}
    </>
  )
})

const WireView = memo(function WireView({ data, sourceX, sourceY, targetX, targetY }: EdgeProps<WireEdge>) {
  const drawers = useContext(DrawersContext)
  return data && drawers ? <drawers.Wire line={data.line} ax={sourceX} ay={sourceY} bx={targetX} by={targetY} /> : null
})

export const NODE_TYPES = { card: CardNodeView }
export const EDGE_TYPES = { wire: WireView }
/** One point in the corner: wires find their own way from there (see model/anchors.ts). */
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

export function toNode(of: BoardNode): CardNode {
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

export const toFixed = (of: BoardNode): CardNode => ({ ...toNode(of), draggable: false })

export function toEdge(line: BoardLine): WireEdge {
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
