import type { BoardNode } from '../model/board'
import { AreaNode } from './AreaNode'
import { BridgeNode } from './BridgeNode'
import { NamespaceCard } from './NamespaceCard'
import { NoteNode } from './NoteNode'

/** A node of the canvas, whatever it is. `far`: only its name can be read. */
export function Card({ of, far }: { of: BoardNode; far: boolean }) {
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
