/** What a new interface of a kind is proposed to be, and the record that a filled-in form makes. Pure. */

import {
  type AnyInterface,
  type Json,
  KINDS,
  type Kind,
  type KindField,
  type KindSpec,
  kindSpec,
  nameOf,
  namespaceOf,
  numberField,
} from '@/protocol'
import type { Scene } from '@/store'
import { freeName, namesIn } from './propose'

/** What was put into a form, by field: texts as they were typed, switches. What nobody touched is not in it. */
export type FormValues = Readonly<Record<string, string | boolean>>

/** IFNAMSIZ of linux/if.h without the zero at the end. */
const LONGEST_NAME = 15

/** The refs of the interfaces that one of this kind can be made on, those of its own namespace first. */
export function lowerOptions(scene: Scene, { kind, lower }: KindSpec, namespace: string): string[] {
  if (lower === null) return []
  const all = [...scene.interfaces.values()].filter(
    (i) => kindSpec(i.kind)?.carries !== false && (lower.onItself || i.kind !== kind),
  )
  const [here, others] = [true, false].map((own) => all.filter((i) => (i.namespace === namespace) === own))
  return [...(here ?? []), ...((lower.elsewhere && others) || [])].map((i) => i.ref)
}

/** The value of a field in a form: what was put in, else what is proposed, else the default. */
export function formValue(scene: Scene, spec: KindSpec, namespace: string, values: FormValues, field: KindField): Json {
  const given = values[field.name]
  if (field.type === 'lower') {
    const options = lowerOptions(scene, spec, namespace)
    if (typeof given === 'string' && (given === '' ? !field.required : options.includes(given))) return given
    return (field.required && options[0]) || ''
  }
  return given ?? field.proposed ?? field.default ?? ''
}

/** `br0`; `eth0.10` for the VLAN 10 of eth0, as ip-link(8) has it. */
export function proposedName(scene: Scene, kind: Kind, namespace: string, values: FormValues = {}): string {
  const spec: KindSpec = KINDS[kind]
  const taken = namesIn(scene, namespace)
  const tag = spec.lower?.frames === 'tagged' ? numberField(spec) : undefined
  const lower = spec.fields.find((field) => field.type === 'lower')
  if (tag && lower) {
    const [on, number] = [lower, tag].map((field) => String(formValue(scene, spec, namespace, values, field)))
    const name = `${nameOf(on ?? '')}.${number}`
    if (on && number && name.length <= LONGEST_NAME && !taken.has(name)) return name
  }
  return freeName(spec.stem, taken)
}

/** What is typed as the value of a field: a number, an empty text as nothing. The server says what is wrong with it. */
export function typedValue(field: KindField, value: Json): Json {
  if (field.type === 'number' && typeof value === 'string' && /^-?\d+$/.test(value)) return Number(value)
  return value === '' && field.nullable ? null : value
}

/** The record that a form makes; null while something that the kind needs is missing. */
export function filledIn(
  scene: Scene,
  kind: Kind,
  namespace: string,
  name: string,
  values: FormValues,
): AnyInterface | null {
  const spec: KindSpec = KINDS[kind]
  const own: Record<string, Json> = {}
  for (const field of spec.fields) {
    const value = typedValue(field, formValue(scene, spec, namespace, values, field))
    if (field.required && value === '') return null
    if (field.required || (value !== field.default && value !== '')) own[field.name] = value
  }
  return name === '' ? null : ({ kind, namespace, name, ...own } as AnyInterface)
}

/** The name of an interface as it is said in a namespace: without that, where it is in there. */
export const nameFrom = (namespace: string, ref: string): string => (namespaceOf(ref) === namespace ? nameOf(ref) : ref)
