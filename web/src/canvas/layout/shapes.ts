/** Areas and notes when namespaces are arranged anew. Pure; canvas units. */

import { areaAround, around, type Box, inside, meets } from '@/editor'
import type { Point } from '../model/anchors'
import type { BoardNode } from '../model/board'

const GAP = 60

/** Where areas go (around what was in them) and notes (beside everything where a node would lie on them); what is locked stays. */
export function shapesAlong(nodes: readonly BoardNode[], to: ReadonlyMap<string, Point>): Map<string, Box> {
  const cards = nodes.filter((n) => n.kind === 'namespace')
  const placed = new Map<string, Box>(cards.map((n) => [n.id, { ...boxOf(n), ...to.get(n.id) }]))
  const out = new Map<string, Box>()
  for (const area of nodes) {
    if (area.kind !== 'area' || area.locked) continue
    const members = inside(
      area,
      cards.map((n) => [n.id, n]),
    )
    if (!members.some((id) => to.has(id))) continue
    const box = areaAround(members.flatMap((id) => placed.get(id) ?? []))
    if (box) out.set(area.id, box)
  }
  const all = around([...placed.values(), ...out.values()])
  let y = all?.y ?? 0
  for (const note of nodes) {
    if (!all || note.kind !== 'note' || note.locked) continue
    if (![...placed.values()].some((box) => meets(box, note))) continue
    out.set(note.id, { ...boxOf(note), x: Math.round(all.x + all.w + GAP), y: Math.round(y) })
    y += note.h + GAP
  }
  return out
}

const boxOf = ({ x, y, w, h }: Box): Box => ({ x, y, w, h })
