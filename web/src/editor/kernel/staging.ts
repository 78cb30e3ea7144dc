/** Edits that are collected, looked at and applied in one go. */

import { ProblemError } from '@/connection'
import { type AnyCommand, type Done, interfaceId, isDrawing, namespaceId, type Planned, type Problem } from '@/protocol'
import type { LabStore, Session } from '@/store'
import { Value } from '@/ui'
import { useStagingTexts } from '../texts/staging'

export interface StagedEdit {
  id: number
  commands: readonly AnyCommand[]
  label: string
}

/** `plan`: that of all edits together. `problem`: why they cannot be applied in the current state of the lab. */
export interface StagingState {
  on: boolean
  edits: readonly StagedEdit[]
  plan: Planned | null
  problem: Problem | null
  busy: boolean
}

const OFF: StagingState = { on: false, edits: [], plan: null, problem: null, busy: false }
/** The lab may change often under what waits: then the plan is asked for anew, not for each change. */
const CALM_MS = 150

/** Commands that take effect at once even while staging. */
const AT_ONCE: ReadonlySet<AnyCommand['do']> = new Set(['undo', 'redo', 'keep-drift', 'revert-drift', 'set-lab'])

/** What a reload of the page leaves; another window has its own. */
type Kept = Pick<StagingState, 'on' | 'edits'>

const keyOf = (lab: string): string => `vethboard.staged.${lab}`

const recordOfNode = (node: string): string => (node.includes('/') ? interfaceId(node) : namespaceId(node))

/** What is needed of the editor around it. */
interface Around {
  readonly session: Session
  readonly lab: LabStore
  requestNow(commands: readonly AnyCommand[], label: string): Promise<Done>
  plan(commands: readonly AnyCommand[]): Promise<Planned>
}

/** The edits of one browser that wait; the canvas shows the lab as it would be with them. */
export class Staging {
  readonly state = new Value<StagingState>(OFF)
  private readonly editor: Around
  private count = 0
  private asked = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(editor: Around) {
    this.editor = editor
    editor.session.current.subscribe(() => this.recall())
    this.recall()
    this.state.subscribe(() => this.remember())
    editor.lab.document.subscribe(() => this.later())
  }

  /** What waited in this lab before the page was loaded anew. It is planned as soon as the document is there. */
  private recall(): void {
    const lab = this.editor.session.current.get()
    const kept = lab === null ? null : sessionStorage.getItem(keyOf(lab))
    const { on, edits } = kept === null ? OFF : (JSON.parse(kept) as Kept)
    this.count = Math.max(this.count, ...edits.map(({ id }) => id))
    this.state.set({ ...OFF, on, edits })
  }

  private remember(): void {
    const lab = this.editor.session.current.get()
    if (lab === null) return
    const { on, edits } = this.state.get()
    if (on || edits.length > 0) sessionStorage.setItem(keyOf(lab), JSON.stringify({ on, edits } satisfies Kept))
    else sessionStorage.removeItem(keyOf(lab))
  }

  /** Whether this edit is to wait: while edits are collected, all that the kernel would notice. */
  takes(commands: readonly AnyCommand[]): boolean {
    if (!this.state.get().on) return false
    return !commands.every((c) => AT_ONCE.has(c.do) || this.onlyDraws(c))
  }

  /** What never reaches the kernel; but what draws a node that itself waits must wait with it. */
  private onlyDraws(command: AnyCommand): boolean {
    const { overlay } = this.editor.lab
    const known = (node: string): boolean => overlay.marks.get().get(recordOfNode(node)) !== 'added'
    switch (command.do) {
      case 'place':
        return Object.keys(command.positions ?? {}).every(known)
      case 'put-style':
        return known(command.style.node)
      case 'remove':
        return command.ids.every(isDrawing)
      default:
        return command.do === 'put-area' || command.do === 'put-note'
    }
  }

  /** Put an edit to those that wait. Throws what is wrong with it, and then it does not wait. */
  async add(commands: readonly AnyCommand[], label: string): Promise<Done> {
    const before = this.state.get().edits
    this.count += 1
    const edits = [...before, { id: this.count, commands, label }]
    this.state.update((now) => ({ ...now, edits }))
    try {
      const plan = await this.look(edits)
      return {
        result: 'done',
        revision: this.editor.lab.revision.get(),
        steps: 0,
        changed: 0,
        deploy_seconds: null,
        made: plan.made,
        left_out: [],
        unheld: [],
      }
    } catch (error) {
      this.state.update((now) => ({ ...now, edits: now.edits.filter((e) => e.id !== edits.at(-1)?.id) }))
      throw error
    }
  }

  /** Turns staging on or off. Edits that are staged stay staged. */
  switch(on: boolean): void {
    this.state.update((now) => ({ ...now, on }))
  }

  remove(id: number): void {
    this.keep(this.state.get().edits.filter((edit) => edit.id !== id))
  }

  discard(): void {
    this.keep([])
  }

  /** The newest goes. */
  takeBack(): void {
    this.keep(this.state.get().edits.slice(0, -1))
  }

  /** Applies all staged edits at once. If it throws (an error for `Editor.fail`), they stay staged. */
  async apply(): Promise<Done> {
    const { edits } = this.state.get()
    const [only] = edits
    const label = edits.length === 1 && only ? only.label : useStagingTexts.now().applied(edits.length)
    this.state.update((now) => ({ ...now, busy: true }))
    try {
      const done = await this.editor.requestNow(
        edits.flatMap((e) => e.commands),
        label,
      )
      this.keep([])
      return done
    } finally {
      this.state.update((now) => ({ ...now, busy: false }))
    }
  }

  private keep(edits: readonly StagedEdit[]): void {
    this.state.update((now) => ({ ...now, edits }))
    this.look(edits).catch(() => undefined)
  }

  private later(): void {
    if (this.state.get().edits.length === 0) return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.look(this.state.get().edits).catch(() => undefined), CALM_MS)
  }

  /** Ask what all of them would do, and show it. A problem is kept in the state, and thrown. */
  private async look(edits: readonly StagedEdit[]): Promise<Planned> {
    this.asked += 1
    const mine = this.asked
    if (edits.length === 0) {
      this.editor.lab.stage(null)
      this.state.update((now) => ({ ...now, plan: null, problem: null }))
      return { result: 'planned', steps: [], shell: [], diff: {}, made: [] }
    }
    try {
      const plan = await this.editor.plan(edits.flatMap((e) => e.commands))
      if (mine === this.asked) {
        this.editor.lab.stage(plan.diff)
        this.state.update((now) => ({ ...now, plan, problem: null }))
      }
      return plan
    } catch (error) {
      const { problem } = error instanceof ProblemError ? error : { problem: null }
      if (mine === this.asked && problem) this.state.update((now) => ({ ...now, problem }))
      throw error
    }
  }
}
