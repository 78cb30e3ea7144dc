/** Where the tables of iptables(8) stand on a packet's way (`NF_IP_PRI_*` of linux/netfilter_ipv4.h). */

import type { Chain, Family, Table } from '@/protocol'

export const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const
export type Hook = (typeof HOOKS)[number]
export const TABLES: readonly Table[] = ['raw', 'mangle', 'nat', 'filter', 'security']
export const FAMILIES: readonly Family[] = ['ipv4', 'ipv6']

/** A stop at a hook: a table's chain, or connection tracking. `does`: what nat does there. */
export interface Stop {
  what: Table | 'conntrack'
  priority: number
  does?: 'dnat' | 'snat'
}

const RAW: Stop = { what: 'raw', priority: -300 }
const TRACK: Stop = { what: 'conntrack', priority: -200 }
const MANGLE: Stop = { what: 'mangle', priority: -150 }
const DNAT: Stop = { what: 'nat', priority: -100, does: 'dnat' }
const FILTER: Stop = { what: 'filter', priority: 0 }
const SECURITY: Stop = { what: 'security', priority: 50 }
const SNAT: Stop = { what: 'nat', priority: 100, does: 'snat' }
/** Confirming a connection is the last thing of all (`NF_IP_PRI_CONNTRACK_CONFIRM`). */
const CONFIRM: Stop = { what: 'conntrack', priority: 2_147_483_647 }

/** In the order in which a packet meets them. */
export const STOPS: Readonly<Record<Hook, readonly Stop[]>> = {
  PREROUTING: [RAW, TRACK, MANGLE, DNAT],
  INPUT: [MANGLE, FILTER, SECURITY, SNAT, CONFIRM],
  FORWARD: [MANGLE, FILTER, SECURITY],
  OUTPUT: [RAW, TRACK, MANGLE, DNAT, FILTER, SECURITY],
  POSTROUTING: [MANGLE, SNAT, CONFIRM],
}

export const isHook = (name: string): name is Hook => (HOOKS as readonly string[]).includes(name)

export const exists = (table: Table, hook: Hook): boolean => STOPS[hook].some((stop) => stop.what === table)

/** The built-in chains of a table, in the order of `iptables-save`. */
export const chainsOf = (table: Table): readonly Hook[] => HOOKS.filter((hook) => exists(table, hook))

/** Why a table has no chain at a hook, as the key of a text. */
export type Absence = 'rawLater' | 'natForward' | 'filterBefore' | 'filterAfter'

export function absence(table: Table, hook: Hook): Absence | null {
  if (exists(table, hook)) return null
  if (table === 'raw') return 'rawLater'
  if (table === 'nat') return 'natForward'
  return hook === 'PREROUTING' ? 'filterBefore' : 'filterAfter'
}

export const chainId = (namespace: string, family: Family, table: Table, name: string): string =>
  `chain:${namespace}/${family}/${table}/${name}`
export const countersId = (namespace: string, family: Family, table: Table): string =>
  `rule-counters:${namespace}/${family}/${table}`

export type Policy = NonNullable<Chain['policy']>

/** Bytes of a chain's name at most, and what it may not be (iptables(8), `parse_chain` of iptables/xshared.c). */
export function badChainName(name: string): 'empty' | 'long' | 'sign' | 'target' | null {
  if (name === '') return 'empty'
  if (new TextEncoder().encode(name).length > 28) return 'long'
  if (/^[-!]/.test(name) || /[\s"']/.test(name)) return 'sign'
  return isHook(name) || /^(ACCEPT|DROP|QUEUE|RETURN)$/.test(name) ? 'target' : null
}
