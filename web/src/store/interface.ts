import { useCallback, useSyncExternalStore } from 'react'
import { type AnyInterface, interfaceId, isInterface, type LinkLive, linkId } from '@/protocol'
import type { LabStore } from './lab'

/** How an interface is, in one word. `pending`: wanted, but the kernel does not have it (or the lab does not run). */
export type LinkState = 'up' | 'down' | 'no-carrier' | 'pending'

/** What is shown of an interface: the kernel's word where there is one, else the document's. */
export interface InterfaceView {
  ref: string
  namespace: string
  name: string
  kind: string
  state: LinkState
  addresses: readonly string[]
  live: LinkLive | undefined
  desired: AnyInterface | undefined
}

/** Up with carrier, up without, or down: the administrator's wish and the carrier, as `ip link` prints them. */
export function stateOf(live: LinkLive | undefined): LinkState {
  if (!live) return 'pending'
  if (!live.up) return 'down'
  return live.carrier ? 'up' : 'no-carrier'
}

/** Addresses worth showing: without the kernel's own link-local and loopback ones. */
function shownAddresses(live: LinkLive | undefined, desired: AnyInterface | undefined): readonly string[] {
  if (!live) return desired?.addresses ?? []
  return (live.addresses ?? [])
    .filter((a) => a.scope !== 'link' && !(a.proto ?? '').startsWith('kernel_ll'))
    .map((a) => a.address)
}

export function interfaceView(lab: LabStore, ref: string): InterfaceView | undefined {
  const link = lab.live.get(linkId(ref))
  const live = link?.kind === 'link' ? link : undefined
  const record = lab.desired.get(interfaceId(ref)) ?? lab.observed.get(interfaceId(ref))
  const desired = isInterface(record) ? record : undefined
  if (!live && !desired) return undefined
  const slash = ref.indexOf('/')
  return {
    ref,
    namespace: ref.slice(0, slash),
    name: ref.slice(slash + 1),
    kind: live?.type ?? desired?.kind ?? '',
    state: stateOf(live),
    addresses: shownAddresses(live, desired),
    live,
    desired,
  }
}

type Cached = { live: unknown; desired: unknown; view: InterfaceView | undefined }
const cache = new WeakMap<LabStore, Map<string, Cached>>()

/** The view, the same object as long as its records are. */
export function cachedInterfaceView(lab: LabStore, ref: string): InterfaceView | undefined {
  const views = cache.get(lab) ?? new Map<string, Cached>()
  cache.set(lab, views)
  const live = lab.live.get(linkId(ref))
  const desired = lab.desired.get(interfaceId(ref)) ?? lab.observed.get(interfaceId(ref))
  const known = views.get(ref)
  if (known && known.live === live && known.desired === desired) return known.view
  const view = interfaceView(lab, ref)
  if (view) views.set(ref, { live, desired, view })
  else views.delete(ref)
  return view
}

/** One interface; renders again only when its records change. */
export function useInterface(lab: LabStore, ref: string): InterfaceView | undefined {
  const subscribe = useCallback(
    (listener: () => void) => {
      const off = [
        lab.live.subscribe(linkId(ref), listener),
        lab.desired.subscribe(interfaceId(ref), listener),
        lab.observed.subscribe(interfaceId(ref), listener),
      ]
      return () => {
        for (const end of off) end()
      }
    },
    [lab, ref],
  )
  return useSyncExternalStore(subscribe, () => cachedInterfaceView(lab, ref))
}
