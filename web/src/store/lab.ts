import type { AnyLive, AnyRecord, Delta, Diff, LabInfo, Problem, Snapshot } from '@/protocol'
import { isDrawing, Misfit } from '@/protocol'
import { Value } from '@/ui/value'
import { Overlay } from './overlay'
import { Pace } from './pace'
import { Rates } from './rates'
import { RecordMap } from './records'
import { buildScene, EMPTY_SCENE, type Scene, touchesScene } from './scene'

/** State of a lab beside its records. `undo`, `redo`: labels of the edits that would be undone or redone; null: none. */
export interface LabMeta {
  info: LabInfo | null
  drift: ReadonlySet<string>
  warnings: readonly Problem[]
  undo: string | null
  redo: string | null
  /** Whose edit `undo` is. */
  undoBy: string | null
  /** Whose session did that; null: nobody's. */
  undoSession: string | null
}

export const NO_LAB: LabMeta = {
  info: null,
  drift: new Set(),
  warnings: [],
  undo: null,
  redo: null,
  undoBy: null,
  undoSession: null,
}

/** One lab as this browser knows it: desired, observed and live records, and what is derived from them. */
export class LabStore {
  readonly desired = new RecordMap<AnyRecord>()
  readonly observed = new RecordMap<AnyRecord>()
  /** Limits the rate of re-rendering when the kernel sends many events. */
  readonly pace = new Pace()
  readonly live = new RecordMap<AnyLive>(this.pace)
  /** Bits per second, from the counters in `live`. */
  readonly rates = new Rates(this.live, this.pace)
  readonly meta = new Value<LabMeta>(NO_LAB)
  /** That of the last delta; apart from `meta`, because it changes with each. */
  readonly revision = new Value(0)
  readonly scene = new Value<Scene>(EMPTY_SCENE)
  /** Counts changes of what is only drawn (places, styles, areas, notes), so that the canvas looks at them again. */
  readonly places = new Value(0)
  /** Counts changes of the document. */
  readonly document = new Value(0)
  /** Edits that wait to be applied: `desired` shows the document as it would be with them. */
  readonly overlay = new Overlay(this.desired)

  /** Replaces everything with a snapshot of the lab. Queued notifications are dropped. */
  reset(snapshot: Snapshot): void {
    this.overlay.forget()
    const touched = {
      desired: this.desired.reset(snapshot.desired),
      observed: this.observed.reset(snapshot.observed),
      live: this.live.reset(snapshot.live),
    }
    this.revision.set(snapshot.revision)
    this.meta.set({
      info: snapshot.info,
      drift: new Set(snapshot.drift),
      warnings: snapshot.warnings,
      undo: snapshot.can_undo || null,
      redo: snapshot.can_redo || null,
      undoBy: snapshot.undo_by || null,
      undoSession: snapshot.undo_session || null,
    })
    this.scene.set(buildScene(this, this.scene.get()))
    this.places.update((n) => n + 1)
    this.document.update((n) => n + 1)
    this.desired.notify(touched.desired)
    this.observed.notify(touched.observed)
    this.live.notify(touched.live)
  }

  /** Show the document with this change that is not applied yet; null: as it is. */
  stage(diff: Diff<AnyRecord> | null): void {
    this.overlaid(this.overlay.show(diff))
  }

  /** Show what has become of the document by this change: what was removed, too. */
  stageDone(diff: Diff<AnyRecord>): void {
    this.overlaid(this.overlay.show({ added: diff.removed ?? {} }, diff))
  }

  private overlaid(touched: string[]): void {
    if (touchesScene(this.scene.get(), this, touched)) this.scene.set(buildScene(this, this.scene.get()))
    if (touched.some(isDrawing)) this.places.update((n) => n + 1)
    this.desired.notify(touched)
  }

  clear(): void {
    const info = { ...NO_LAB }
    this.reset({
      result: 'snapshot',
      info: {
        lab: '',
        state: 'stopped',
        policy: 'follow',
        namespaces: 0,
        viewers: 0,
        problem: null,
        firewall: null,
        silent_since: null,
        people: [],
      },
      revision: 0,
      desired: {},
      observed: {},
      live: {},
      drift: [],
      warnings: [],
      can_undo: null,
      can_redo: null,
      undo_by: null,
      undo_session: null,
      session: '',
    })
    this.meta.set(info)
  }

  /** Returns false where a revision is missing, or a record is not what it was changed from: the lab must be opened again. */
  apply(delta: Delta): boolean {
    const revision = this.revision.get()
    if (delta.revision <= revision) return true
    if (delta.revision !== revision + 1) return false
    try {
      this.take(delta)
    } catch (error) {
      if (error instanceof Misfit) return false
      throw error
    }
    return true
  }

  private take(delta: Delta): void {
    const desired = delta.desired ? this.overlay.under(delta.desired) : []
    const observed = delta.observed ? this.observed.apply(delta.observed) : []
    const live = delta.live ? this.live.apply(delta.live) : []
    this.revision.set(delta.revision)
    this.applyMeta(delta)
    if (touchesScene(this.scene.get(), this, [...desired, ...observed, ...live])) {
      this.scene.set(buildScene(this, this.scene.get()))
    }
    if (desired.some(isDrawing)) this.places.update((n) => n + 1)
    if (delta.desired) this.document.update((n) => n + 1)
    this.desired.notify(desired)
    this.observed.notify(observed)
    this.live.notify(live)
  }

  /** Most deltas do not change this: then no listener is called. */
  private applyMeta({ info, drift, warnings, can_undo, can_redo, undo_by, undo_session }: Delta): void {
    if (!info && !drift && !warnings && (can_undo ?? null) === null && (can_redo ?? null) === null) return
    const meta = this.meta.get()
    this.meta.set({
      info: info ?? meta.info,
      drift: drift ? new Set(drift) : meta.drift,
      warnings: warnings ?? meta.warnings,
      undo: (can_undo ?? null) === null ? meta.undo : can_undo || null,
      redo: (can_redo ?? null) === null ? meta.redo : can_redo || null,
      // it changes together with the labels
      undoBy: (undo_by ?? null) === null ? meta.undoBy : undo_by || null,
      undoSession: (undo_session ?? null) === null ? meta.undoSession : undo_session || null,
    })
  }
}
