import { useMemo } from 'react'
import { useEditor } from '@/editor'
import { hasPorts, linkId, netnsId } from '@/protocol'
import { useRecord } from '@/store'
import { useValue } from '@/ui'
import type { RecipeContext } from './model/recipes'
import { subnetOf } from './model/subnet'

/** What rules of a namespace can be about: its first subnet that is not on the way out, an address in there, the way out. */
export function useRecipeContext(namespace: string): RecipeContext {
  const { lab } = useEditor()
  const scene = useValue(lab.scene)
  const record = useRecord(lab.live, netnsId(namespace))
  const routes = record?.kind === 'netns' ? record.routes : undefined
  return useMemo(() => {
    const own = [...scene.interfaces.values()].filter((i) => i.namespace === namespace && i.name !== 'lo')
    const byDefault = routes?.find((r) => r.to === 'default')?.dev ?? undefined
    const subnets = own.flatMap((i) => {
      const live = lab.live.get(linkId(i.ref))
      const first = (live?.kind === 'link' && live.addresses?.find((a) => !a.address.includes(':'))?.address) || ''
      const [host = '', length = ''] = first.split('/')
      const subnet = subnetOf(host, Number(length))
      return subnet ? [{ name: i.name, bridge: hasPorts(i.kind), host, subnet }] : []
    })
    const inner = subnets.find((s) => s.bridge) ?? subnets.find((s) => s.name !== byDefault)
    const out = byDefault ?? subnets.find((s) => s.name !== inner?.name)?.name
    return { inside: inner?.subnet, host: neighbourIn(inner, lab.live.values()), out }
  }, [lab, scene, routes, namespace])
}

/** Another address of the subnet. */
function neighbourIn(
  inner: { host: string; subnet: string } | undefined,
  all: Iterable<{ kind: string; addresses?: readonly { address: string }[] }>,
): string | undefined {
  if (!inner) return undefined
  for (const record of all) {
    for (const { address } of (record.kind === 'link' && record.addresses) || []) {
      const [host = '', length = ''] = address.split('/')
      if (host !== inner.host && subnetOf(host, Number(length)) === inner.subnet) return host
    }
  }
  return undefined
}
