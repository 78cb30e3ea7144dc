import { useEditor } from '@/editor'
import { usePart } from '@/ui'
import type { ChainRef } from './context'

/** Whether the packet whose journey is looked at is in this chain: `passes`, or `ends` where it was dropped. */
export type PacketHere = 'passes' | 'ends' | undefined

export function usePacketHere(namespace: string, { family, table, name }: ChainRef): PacketHere {
  return usePart(useEditor().journey, (view) => {
    const hop = view?.journey.hops[view.hop]
    const at = hop?.kind === 'chain' ? hop.rule : null
    if (!at || at.namespace !== namespace || at.family !== family || at.table !== table || at.chain !== name) return
    return hop?.outcome === 'drop' || hop?.outcome === 'reject' ? 'ends' : 'passes'
  })
}

/** The number of the rule of this chain that the packet met: 0 where it is not here, or came to the chain's end. */
export function usePacketRule(namespace: string, chainRef: ChainRef): { here: PacketHere; number: number } {
  const here = usePacketHere(namespace, chainRef)
  const number = usePart(useEditor().journey, (view) => view?.journey.hops[view.hop]?.rule?.number ?? 0)
  return { here, number: here ? number : 0 }
}
