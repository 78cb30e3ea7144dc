/** Names for addresses and interfaces in rules: the namespace that has an address, the other end of an interface. */

import { useMemo } from 'react'
import { useEditor } from '@/editor'
import { linkId, namespaceOf } from '@/protocol'
import type { Scene } from '@/store'
import { useValue } from '@/ui'
import type { Names } from './model/sentence'

export function useNames(namespace: string): Names {
  const { lab } = useEditor()
  const scene = useValue(lab.scene)
  return useMemo(() => {
    const owners = new Map<string, string>()
    for (const { ref } of scene.interfaces.values()) {
      const live = lab.live.get(linkId(ref))
      for (const { address } of (live?.kind === 'link' && live.addresses) || []) {
        const bare = address.split('/')[0] ?? ''
        if (!bare.startsWith('127.') && bare !== '::1') owners.set(bare, namespaceOf(ref))
      }
    }
    return {
      address: (text) => {
        const [host = '', mask] = text.split('/')
        if (mask !== undefined && mask !== '32' && mask !== '128') return undefined
        const owner = owners.get(host)
        return owner && `${owner} (${host})`
      },
      beyond: (name) => beyond(scene, `${namespace}/${name}`),
    }
  }, [lab, scene, namespace])
}

/** The namespace at the other end of a pair, where it is another one. */
function beyond(scene: Scene, ref: string): string | undefined {
  const peer = scene.interfaces.get(ref)?.peer
  const there = peer && namespaceOf(peer)
  return there && there !== namespaceOf(ref) ? there : undefined
}

/** The interfaces of a namespace, by name. */
export function useInterfaceNames(namespace: string): string[] {
  const scene = useValue(useEditor().lab.scene)
  return useMemo(
    () => [...scene.interfaces.values()].flatMap((i) => (i.namespace === namespace ? [i.name] : [])),
    [scene, namespace],
  )
}
