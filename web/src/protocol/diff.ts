/** The algebra of changes, the same as `topology/model/diff.py`; both are proved on `tests/vectors/diff.json`. */

import type { Diff } from './generated'

export type State<T> = Readonly<Record<string, T>>

/** Structural equality of JSON values. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((k) => Object.hasOwn(b, k) && same((a as State<unknown>)[k], (b as State<unknown>)[k]))
}

/** The diff for which `apply(before, diff)` is `after`. */
export function between<T>(before: State<T>, after: State<T>): Diff<T> {
  const added: [string, T][] = []
  const updated: [string, [T, T]][] = []
  const removed: [string, T][] = []
  for (const [id, value] of Object.entries(after)) {
    if (!Object.hasOwn(before, id)) added.push([id, value])
    else if (!same(before[id], value)) updated.push([id, [before[id] as T, value]])
  }
  for (const [id, value] of Object.entries(before)) if (!Object.hasOwn(after, id)) removed.push([id, value])
  return compact({
    added: Object.fromEntries(added),
    updated: Object.fromEntries(updated),
    removed: Object.fromEntries(removed),
  })
}

/** The records after the change. Records that the diff does not touch stay the same objects. */
export function apply<T>(records: State<T>, diff: Diff<T>): Record<string, T> {
  const out: [string, T][] = Object.entries(records).filter(([id]) => !Object.hasOwn(diff.removed ?? {}, id))
  const changed = Object.entries(diff.updated ?? {}).map(([id, [, after]]): [string, T] => [id, after])
  return Object.fromEntries([...out, ...Object.entries(diff.added ?? {}), ...changed])
}

/** The inverse diff. */
export function reverse<T>(diff: Diff<T>): Diff<T> {
  const updated = Object.entries(diff.updated ?? {}).map(([id, [before, after]]): [string, [T, T]] => [
    id,
    [after, before],
  ])
  return compact({ added: diff.removed ?? {}, removed: diff.added ?? {}, updated: Object.fromEntries(updated) })
}

/** One diff for both, one after the other. */
export function squash<T>(first: Diff<T>, second: Diff<T>): Diff<T> {
  const before = new Map<string, { value: T } | null>()
  const after = new Map<string, { value: T } | null>()
  const see = (id: string, old: { value: T } | null, now: { value: T } | null): void => {
    if (!before.has(id)) before.set(id, old)
    after.set(id, now)
  }
  for (const diff of [first, second]) {
    for (const [id, value] of Object.entries(diff.added ?? {})) see(id, null, { value })
    for (const [id, [old, value]] of Object.entries(diff.updated ?? {})) see(id, { value: old }, { value })
    for (const [id, old] of Object.entries(diff.removed ?? {})) see(id, { value: old }, null)
  }
  return between(present(before), present(after))
}

/** All ids that a diff touches. */
export function idsOf<T>(diff: Diff<T>): string[] {
  return [...Object.keys(diff.added ?? {}), ...Object.keys(diff.updated ?? {}), ...Object.keys(diff.removed ?? {})]
}

function present<T>(side: Map<string, { value: T } | null>): Record<string, T> {
  const out: [string, T][] = []
  for (const [id, found] of side) if (found) out.push([id, found.value])
  return Object.fromEntries(out)
}

/** Without the parts that hold nothing, as on the wire. */
function compact<T>(diff: Required<Diff<T>>): Diff<T> {
  const out: Diff<T> = {}
  if (Object.keys(diff.added).length > 0) out.added = diff.added
  if (Object.keys(diff.updated).length > 0) out.updated = diff.updated
  if (Object.keys(diff.removed).length > 0) out.removed = diff.removed
  return out
}
