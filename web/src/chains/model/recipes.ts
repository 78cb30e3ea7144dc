/** What tables are for, as rules to begin with. Subnets and interfaces are the namespace's own where it has some. */

import type { Table } from '@/protocol'

export interface Recipe {
  id: 'deny' | 'established' | 'masquerade' | 'dnat' | 'ttl' | 'mark' | 'notrack'
  table: Table
  chain: string
  rule: string
}

/** What a recipe can be about. `inside` is a subnet of the namespace, `out` the interface that leads away. */
export interface RecipeContext {
  inside: string | undefined
  host: string | undefined
  out: string | undefined
}

export function recipes({ inside, host, out }: RecipeContext): readonly Recipe[] {
  const subnet = inside ?? '10.0.1.0/24'
  const address = host ?? '10.0.1.2'
  const away = out === undefined ? '' : ` -o ${out}`
  return [
    { id: 'deny', table: 'filter', chain: 'INPUT', rule: '-p tcp -m tcp --dport 80 -j DROP' },
    {
      id: 'established',
      table: 'filter',
      chain: 'INPUT',
      rule: '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    },
    { id: 'masquerade', table: 'nat', chain: 'POSTROUTING', rule: `-s ${subnet}${away} -j MASQUERADE` },
    {
      id: 'dnat',
      table: 'nat',
      chain: 'PREROUTING',
      rule: `-p tcp -m tcp --dport 8080 -j DNAT --to-destination ${address}:80`,
    },
    { id: 'ttl', table: 'mangle', chain: 'POSTROUTING', rule: `${away.trim()} -j TTL --ttl-set 64`.trim() },
    { id: 'mark', table: 'mangle', chain: 'PREROUTING', rule: `-s ${subnet} -j MARK --set-mark 0x1` },
    { id: 'notrack', table: 'raw', chain: 'PREROUTING', rule: '-p udp -m udp --dport 53 -j CT --notrack' },
  ]
}
