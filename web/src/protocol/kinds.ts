/** What the declarations of kinds (topology/model/kinds/) say of interfaces. Nothing in the browser asks for a kind by its name. */

import type { AnyInterface } from './generated'
import { KINDS, type Kind, type KindField, type KindSpec } from './kinds.generated'

export * from './kinds.generated'

/** The declaration of a kind, by the kernel's or the document's word for it; undefined for one that no document can hold. */
export const kindSpec = (word: string | undefined): KindSpec | undefined =>
  word !== undefined && Object.hasOwn(KINDS, word) ? KINDS[word as Kind] : undefined

/** Whether it has ports: another interface can be attached to it. */
export const hasPorts = (word: string | undefined): boolean => (kindSpec(word)?.maxPorts ?? 0) > 0

/** Whether it is drawn as a node, and not as a row of its namespace. */
export const isNode = (word: string | undefined): boolean => kindSpec(word)?.node === true

/** Whether it is one end of a pair. */
export const isPaired = (word: string | undefined): boolean => kindSpec(word)?.paired === true

/** Whether the kernel makes it with each namespace (`lo`). */
export const isBuiltin = (word: string | undefined): boolean => kindSpec(word)?.builtin === true

/** Whether it can be copied without anything else: it needs no peer and no lower interface. */
export const standsAlone = (word: string | undefined): boolean => {
  const spec = kindSpec(word)
  return spec !== undefined && !spec.builtin && !spec.paired && spec.lower === null
}

/** The value of a kind's own field; undefined where it has its default. */
export const ownValue = (record: AnyInterface, field: KindField): number | boolean | string | null | undefined =>
  (record as Record<string, unknown>)[field.name] as number | boolean | string | null | undefined

function refOfType(record: AnyInterface, type: KindField['type']): string | null {
  const field = KINDS[record.kind].fields.find((one) => one.type === type)
  return field ? ((ownValue(record, field) as string | null | undefined) ?? null) : null
}

/** The ref of the other end of a pair. */
export const peerOf = (record: AnyInterface): string | null => refOfType(record, 'peer')
/** The ref of the interface that it is made on. */
export const lowerOf = (record: AnyInterface): string | null => refOfType(record, 'lower')

/** The number without which none is made: the VNI of a vxlan, the VLAN ID of a vlan. */
export const numberField = (spec: KindSpec): KindField | undefined =>
  spec.fields.find((field) => field.required && field.type === 'number')

/** Whether a switch of its own is on: that of a field of this name, where its kind has one. */
export const isOn = (record: AnyInterface, name: string): boolean =>
  KINDS[record.kind].fields.some((field) => field.name === name && (ownValue(record, field) ?? field.default) === true)

/** What a row says of its kind, with the number that tells it from others of it: `vxlan 100`. Nothing of a pair's end and of `lo`. */
export function kindBadge(word: string, record: AnyInterface | undefined): string {
  const spec = kindSpec(word)
  if (spec?.paired || spec?.builtin) return ''
  const number = spec && record?.kind === spec.kind ? numberField(spec) : undefined
  return number && record ? `${word} ${ownValue(record, number)}` : word
}

/** Whether a value is chosen when the interface is made, since it cannot be changed later without making it anew. */
export const isChosenOnce = (field: KindField): boolean =>
  field.required || !field.changeable || field.anew !== undefined

/** The kinds that are added alone, those that are drawn as nodes first. A pair is added as a link. */
export const ADDABLE: readonly Kind[] = Object.values(KINDS)
  .filter((spec) => !spec.builtin && !spec.paired)
  .sort((a, b) => Number(b.node) - Number(a.node))
  .map((spec) => spec.kind)
