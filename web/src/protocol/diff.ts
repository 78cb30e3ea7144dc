/** What a diff says of the records that it touches, as `topology/model/diff.py` makes it; proved on `tests/vectors/diff.json`. */

import type { Diff } from './generated'
import { Misfit, spliced } from './splice'

/** The records that it touches, as they are after it; undefined: removed. `before`: one as it is now. Throws `Misfit` where a record is
 * not the one that was changed inside. */
export function* changes<T>(diff: Diff<T>, before: (id: string) => T | undefined): Generator<[string, T | undefined]> {
  for (const id of Object.keys(diff.removed ?? {})) yield [id, undefined]
  yield* Object.entries(diff.added ?? {})
  for (const [id, [, after]] of Object.entries(diff.updated ?? {})) yield [id, after]
  for (const [id, made] of Object.entries(diff.spliced ?? {})) {
    const record = before(id)
    if (record === undefined) throw new Misfit(`${id} is not there`)
    yield [id, spliced(record, made)]
  }
}

/** All ids that a diff touches. */
export function idsOf<T>(diff: Diff<T>): string[] {
  const { added = {}, updated = {}, removed = {}, spliced: inside = {} } = diff
  return [added, updated, removed, inside].flatMap((part) => Object.keys(part))
}
