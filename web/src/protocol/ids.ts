/** Record ids: `interface:ns0/veth0`. A *ref* is `ns0/veth0`, how documents name an interface. */

import type { AnyInterface, AnyRecord } from './generated'
import { KINDS } from './kinds.generated'

/** The name of a lab's own network stack. */
export const HOST = 'host'

export const refOf = (i: { namespace: string; name: string }): string => `${i.namespace}/${i.name}`
export const interfaceId = (ref: string): string => `interface:${ref}`
export const namespaceId = (name: string): string => `namespace:${name}`
export const linkId = (ref: string): string => `link:${ref}`
export const netnsId = (name: string): string => `netns:${name}`
export const placementId = (node: string): string => `placement:${node}`

export const styleId = (node: string): string => `style:${node}`

/** The part after the colon: the ref of an interface, the name of a namespace. */
export const afterColon = (id: string): string => id.slice(id.indexOf(':') + 1)
/** The part before the colon. */
export const kindOfId = (id: string): string => id.slice(0, id.indexOf(':'))
/** `ns0` of `ns0/veth0`. An interface name has no slash. */
export const namespaceOf = (ref: string): string => ref.slice(0, ref.indexOf('/'))
/** `veth0` of `ns0/veth0`. */
export const nameOf = (ref: string): string => ref.slice(ref.indexOf('/') + 1)

export function isInterface(record: AnyRecord | undefined): record is AnyInterface {
  return record !== undefined && Object.hasOwn(KINDS, record.kind)
}

/** Whether the id is that of an area or a note. */
export const isShape = (id: string): boolean => /^(area|note):/.test(id)

/** Whether the record of this id is only drawn, and unknown to the kernel. */
export const isDrawing = (id: string): boolean => /^(placement|style|area|note):/.test(id)
