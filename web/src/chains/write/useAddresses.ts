import { useMemo } from 'react'
import { useLab } from '@/editor'
import { type Family, linkId, refOf } from '@/protocol'
import { useValue } from '@/ui'
import { subnetOf } from '../model/subnet'

/** Subnets and addresses of the lab, each with where it is. */
export function useAddresses(family: Family): readonly { value: string; label: string }[] {
  const lab = useLab()
  const scene = useValue(lab.scene)
  return useMemo(() => {
    const out = new Map<string, string>()
    for (const i of scene.interfaces.values()) {
      const live = lab.live.get(linkId(i.ref))
      for (const { address, scope } of (live?.kind === 'link' && live.addresses) || []) {
        if (address.includes(':') !== (family === 'ipv6') || scope === 'link' || scope === 'host') continue
        const [host = '', length = ''] = address.split('/')
        const subnet = family === 'ipv4' ? subnetOf(host, Number(length)) : null
        if (subnet && !out.has(subnet)) out.set(subnet, i.namespace)
        out.set(host, refOf(i))
      }
    }
    return [...out].map(([value, label]) => ({ value, label }))
  }, [lab, scene, family])
}
