/** Changes inside a record, the same as `topology/model/splice.py`; both are proved on `tests/vectors/diff.json`. */

import type { Json, Splice } from './generated'

/** A record is not the one that the change was made of. */
export class Misfit extends Error {}

/** The record after these changes. Throws `Misfit` where a list is not as long as the one that they were made of. */
export function spliced<T>(record: T, splices: readonly Splice[]): T {
  return splices.reduce<Json>((now, splice) => put(now, splice.path, splice), record as Json) as T
}

function put(value: Json | undefined, path: readonly string[], splice: Splice): Json {
  const [name, ...rest] = path
  if (name === undefined) return inList(value, splice)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Misfit(`there is no ${name}`)
  const inner = Object.hasOwn(value, name) ? value[name] : undefined
  if (rest.length > 0 || typeof splice.at === 'number') return { ...value, [name]: put(inner, rest, splice) }
  const { [name]: _before, ...others } = value
  return splice.added?.length ? { ...others, [name]: splice.added[0] as Json } : others
}

function inList(value: Json | undefined, { path, at, length = 0, removed = [], added = [] }: Splice): Json {
  if (!Array.isArray(value) || value.length !== length)
    throw new Misfit(`${path.join('.')} is not the list that it was`)
  const from = at ?? 0
  return [...value.slice(0, from), ...added, ...value.slice(from + removed.length)]
}
