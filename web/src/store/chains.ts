import { useCallback, useSyncExternalStore } from 'react'
import type { Chain } from '@/protocol'
import type { LabStore } from './lab'

const NONE: readonly Chain[] = []
type Cached = { records: readonly Chain[] }
const cache = new WeakMap<LabStore, Map<string, Cached>>()

/** The chains of a namespace that have records: as observed while the lab is live, otherwise (and while edits of them are staged) as the
 * document wants. A built-in chain without rules whose policy is ACCEPT has none. */
function read(lab: LabStore, namespace: string): readonly Chain[] {
  const prefix = `chain:${namespace}/`
  const waits = [...lab.overlay.marks.get().keys()].some((id) => id.startsWith(prefix))
  const map = lab.meta.get().info?.state === 'live' && !waits ? lab.observed : lab.desired
  return map.under(prefix).filter((record) => record.kind === 'chain')
}

/** The same array as long as its records are the same. */
export function chainsIn(lab: LabStore, namespace: string): readonly Chain[] {
  const known = cache.get(lab) ?? new Map<string, Cached>()
  cache.set(lab, known)
  const records = read(lab, namespace)
  const last = known.get(namespace)?.records ?? NONE
  if (last.length === records.length && last.every((chain, i) => chain === records[i])) return last
  known.set(namespace, { records })
  return records
}

/** The chains of a namespace; renders again when one of them changes. */
export function useChains(lab: LabStore, namespace: string): readonly Chain[] {
  return useSyncExternalStore(useListen(lab, namespace), () => chainsIn(lab, namespace))
}

/** How many rules a namespace has, in all tables of both families. */
export function useRuleCount(lab: LabStore, namespace: string): number {
  return useSyncExternalStore(useListen(lab, namespace), () =>
    chainsIn(lab, namespace).reduce((sum, chain) => sum + (chain.rules?.length ?? 0), 0),
  )
}

function useListen(lab: LabStore, namespace: string): (listener: () => void) => () => void {
  return useCallback(
    (listener: () => void) => {
      const prefix = `chain:${namespace}/`
      const off = [
        lab.observed.subscribeUnder(prefix, listener),
        lab.desired.subscribeUnder(prefix, listener),
        lab.scene.subscribe(listener),
      ]
      return () => {
        for (const end of off) end()
      }
    },
    [lab, namespace],
  )
}
