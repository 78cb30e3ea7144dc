/** Reads the JSON Schema of documents at a path: keys, values and descriptions. Pure. */

import type { Json } from '@/protocol'
import type { Path } from './paths'
import document from './schema.json'

export interface Schema {
  $ref?: string
  type?: string | readonly string[]
  title?: string
  description?: string
  enum?: readonly Json[]
  const?: Json
  default?: Json
  minimum?: number
  maximum?: number
  properties?: Readonly<Record<string, Schema>>
  additionalProperties?: Schema | boolean
  items?: Schema
  anyOf?: readonly Schema[]
  oneOf?: readonly Schema[]
  required?: readonly string[]
}

const ROOT = document as unknown as Schema & { $defs: Readonly<Record<string, Schema>> }

/** The plain schemas behind one: references resolved, alternatives expanded. */
function plain(schema: Schema): Schema[] {
  if (schema.$ref !== undefined) {
    const target = ROOT.$defs[schema.$ref.replace('#/$defs/', '')]
    const { $ref: _, ...own } = schema
    return target ? plain(target).map((s) => ({ ...s, ...own })) : []
  }
  const parts = schema.oneOf ?? schema.anyOf
  if (!parts) return [schema]
  const { oneOf: _one, anyOf: _any, ...own } = schema
  return parts
    .flatMap(plain)
    .filter((s) => s.type !== 'null') // null is as if the key were left out
    .map((s) => ({ ...s, ...own }))
}

/** The schemas that apply at a path. `kindAt` returns the `kind` of the object at a path, which selects among alternatives. */
export function schemasAt(path: Path, kindAt: (path: Path) => string | undefined): Schema[] {
  let now = plain(ROOT)
  path.forEach((step, i) => {
    const below = now.flatMap((schema) => below_(schema, step)).flatMap(plain)
    now = ofKind(below, kindAt(path.slice(0, i + 1)))
  })
  return now
}

function below_(schema: Schema, step: string | number): Schema[] {
  if (typeof step === 'number') return schema.items ? [schema.items] : []
  const own = schema.properties?.[step]
  if (own) return [own]
  return typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []
}

function ofKind(schemas: Schema[], kind: string | undefined): Schema[] {
  if (kind === undefined) return schemas
  const fitting = schemas.filter((s) => s.properties?.kind?.enum?.includes(kind))
  return fitting.length > 0 ? fitting : schemas
}

export interface Key {
  name: string
  schemas: Schema[]
  required: boolean
}

/** The keys that an object at this place can have. */
export function keysOf(schemas: readonly Schema[]): Key[] {
  const out = new Map<string, Key>()
  for (const schema of schemas) {
    for (const [name, value] of Object.entries(schema.properties ?? {})) {
      const known = out.get(name) ?? { name, schemas: [], required: false }
      known.schemas.push(...plain(value))
      known.required ||= schema.required?.includes(name) ?? false
      out.set(name, known)
    }
  }
  return [...out.values()]
}

/** The values that can be listed: enumerations, constants, true and false. */
export function valuesOf(schemas: readonly Schema[]): Json[] {
  const out = schemas.flatMap((s): readonly Json[] => {
    if (s.const !== undefined) return [s.const]
    if (s.enum) return s.enum
    return s.type === 'boolean' ? [true, false] : []
  })
  return [...new Set(out)]
}

/** What a value looks like before it is written: `{}`, `[]`, `""` or nothing, and how far from its end the cursor goes. */
export function blank(schemas: readonly Schema[]): { text: string; back: number } {
  const types = new Set(schemas.flatMap((s) => (typeof s.type === 'string' ? [s.type] : (s.type ?? []))))
  if (types.has('object')) return { text: '{}', back: 1 }
  if (types.has('array')) return { text: '[]', back: 1 }
  if (types.has('string') && !types.has('boolean')) return { text: '""', back: 1 }
  return { text: '', back: 0 }
}

/** The type in a few words: `integer 68…65535`, `"stp" | "rstp"`. */
export function typeOf(schemas: readonly Schema[]): string {
  const words = schemas.flatMap((s) => {
    const listed = s.enum ?? (s.const === undefined ? undefined : [s.const])
    if (listed) return listed.map((v) => JSON.stringify(v))
    const limits = s.minimum !== undefined || s.maximum !== undefined ? ` ${s.minimum ?? ''}…${s.maximum ?? ''}` : ''
    return (typeof s.type === 'string' ? [s.type] : (s.type ?? [])).map((type) => type + limits)
  })
  return [...new Set(words)].join(' | ')
}
