import { type AnyRecord, changes, type Diff, idsOf } from '@/protocol'
import { Value } from '@/ui/value'
import type { RecordMap } from './records'

/** What an edit that waits would do to a record. */
export type Mark = 'added' | 'updated' | 'removed'

const NONE: ReadonlyMap<string, Mark> = new Map()

/** A change that is shown over the records of a map without being part of them. */
export class Overlay {
  /** By record id. */
  readonly marks = new Value<ReadonlyMap<string, Mark>>(NONE)
  private readonly map: RecordMap<AnyRecord>
  /** The record below the overlay; undefined if there is none. */
  private readonly hidden = new Map<string, AnyRecord | undefined>()

  constructor(map: RecordMap<AnyRecord>) {
    this.map = map
  }

  /** Take the change that is shown away, then show this one. Returns the ids to `notify`. `of`: what is marked, if not the change itself. */
  show(diff: Diff<AnyRecord> | null, of: Diff<AnyRecord> | null = diff): string[] {
    const touched = new Set([...this.hidden.keys(), ...(diff ? idsOf(diff) : [])])
    for (const [id, record] of this.hidden) this.put(id, record)
    this.hidden.clear()
    if (diff) {
      for (const id of idsOf(diff)) this.hidden.set(id, this.map.get(id))
      this.map.apply(diff)
    }
    this.marks.set(of ? marksOf(of) : NONE)
    return [...touched]
  }

  /** Applies a diff to the records below the overlay. Returns the ids to `notify`, without those that the overlay covers. Throws
   * `Misfit`. */
  under(diff: Diff<AnyRecord>): string[] {
    const seen: string[] = []
    for (const [id, record] of changes(diff, (known) => this.beneath(known))) {
      if (this.hidden.has(id)) this.hidden.set(id, record)
      else {
        this.put(id, record)
        seen.push(id)
      }
    }
    return seen
  }

  /** Whether the document itself has this record. */
  has(id: string): boolean {
    return this.beneath(id) !== undefined
  }

  /** The document's own record. */
  beneath(id: string): AnyRecord | undefined {
    return this.hidden.has(id) ? this.hidden.get(id) : this.map.get(id)
  }

  /** The records are all new. */
  forget(): void {
    this.hidden.clear()
    this.marks.set(NONE)
  }

  private put(id: string, record: AnyRecord | undefined): void {
    if (record === undefined) this.map.delete(id)
    else this.map.set(id, record)
  }
}

function marksOf(diff: Diff<AnyRecord>): ReadonlyMap<string, Mark> {
  const all = (part: object | undefined, mark: Mark): [string, Mark][] =>
    Object.keys(part ?? {}).map((id) => [id, mark])
  return new Map([
    ...all(diff.added, 'added'),
    ...all(diff.updated, 'updated'),
    ...all(diff.spliced, 'updated'),
    ...all(diff.removed, 'removed'),
  ])
}
