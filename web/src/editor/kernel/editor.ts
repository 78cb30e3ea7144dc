import { LostError, ProblemError } from '@/connection'
import type { AnyCommand, Ask, Done, Planned, Problem } from '@/protocol'
import type { Session } from '@/store'
import { announce, Value } from '@/ui'
import { type DockState, emptyDock, keepDock } from '../state/dock'
import type { Draft } from '../state/draft'
import type { JourneyView } from '../state/journey'
import { Marks } from '../state/marks'
import type { RulesView } from '../state/rules'
import type { TerminalView } from '../state/terminal'
import { FIRST_TOOL, type Tool } from '../state/tools'
import { storedTour, type TourState } from '../state/tour'
import type { CanvasPopover, DialogState, Level, SideState, Toast, Viewport } from '../state/ui'
import { type Arrange, viewOptions } from '../state/view'
import { useEditorTexts } from '../texts/editor'
import { useStagingTexts } from '../texts/staging'
import { allows, denied } from './allowed'
import { Staging } from './staging'

const NOTHING: ReadonlySet<string> = new Set()

/** What a person works with: the selection, what is open, and edits that go to the server. */
export class Editor {
  readonly session: Session
  /** Record ids of namespaces and interfaces. A link is selected when both its ends are. */
  readonly selection = new Value<ReadonlySet<string>>(NOTHING)
  readonly dialog = new Value<DialogState | null>(null)
  readonly side = new Value<SideState>('inspector')
  readonly dock = new Value<DockState>(emptyDock())
  /** The trace that is shown, and at which hop. */
  readonly journey = new Value<JourneyView | null>(null)
  /** A packet that the panel of traces is to send and trace as soon as it is there. */
  readonly asked = new Value<Ask | null>(null)
  readonly toasts = new Value<readonly Toast[]>([])
  readonly tool = new Value<Tool>(FIRST_TOOL)
  readonly popover = new Value<CanvasPopover | null>(null)
  /** The area or note that is being written, by record id. */
  readonly inline = new Value<string | null>(null)
  readonly viewport = new Value<Viewport | null>(null)
  /** The pane of a terminal that has the focus, or had it last. */
  readonly terminal = new Value<TerminalView | null>(null)
  /** The list of rules that has the focus, or had it last. */
  readonly rules = new Value<RulesView | null>(null)
  /** The tour of a new user; null where there was none, or it is done. */
  readonly tour = new Value<TourState | null>(storedTour())
  /** Counts pings that were answered. */
  readonly pinged = new Value(0)
  /** What the canvas shows on demand. */
  readonly view = viewOptions()
  /** Whether the search of the canvas is open, and the records that it found. */
  readonly searching = new Value(false)
  readonly found = new Value<ReadonlySet<string>>(NOTHING)
  /** Set while there is a canvas. */
  readonly arrange = new Value<Arrange | null>(null)
  /** Edits under way and refused, at their subjects. */
  readonly marks = new Marks()
  /** Where on the empty canvas the menu was opened, in canvas units, while one of its entries runs: what is made goes there. */
  pointed: { x: number; y: number } | undefined
  /** Sends edits that are still being collected (moves by arrow keys), so that edits are sent in their order. */
  collected: () => void = () => undefined
  /** How many edits are under way. */
  readonly busy = new Value(0)
  /** Unsaved texts of documents, by lab, from the first change until they are applied or discarded. */
  readonly drafts = new Map<string, Draft>()
  /** Edits that wait to be applied together. */
  readonly staging: Staging
  private toastCount = 0

  constructor(session: Session) {
    this.session = session
    session.onNotice = ({ level, problem }) => this.toast(level, problem)
    session.onOpenFailed = (error) => this.fail(error)
    keepDock(session, this.dock)
    this.staging = new Staging(this)
  }

  get lab() {
    return this.session.lab
  }

  /** Sends an edit: all of its commands or none; while staging it is collected instead. Throws errors for `fail`. */
  async request(commands: readonly AnyCommand[], label: string, base = true): Promise<Done> {
    this.collected()
    if (this.staging.takes(commands)) return this.staging.add(commands, label)
    return this.requestNow(commands, label, base)
  }

  /** As `request`, at once also while changes are staged. */
  async requestNow(commands: readonly AnyCommand[], label: string, base = true): Promise<Done> {
    this.busy.update((n) => n + 1)
    try {
      return (await this.marks.during(commands, this.send(commands, label, base, false))) as Done
    } finally {
      this.busy.update((n) => n - 1)
    }
  }

  /** The plan of an edit, without doing it (dry run). Throws errors for `fail`. */
  async plan(commands: readonly AnyCommand[]): Promise<Planned> {
    return (await this.send(commands, '', false, true)) as Planned
  }

  /** Sends an edit, announces the result, and returns it; undefined if it failed (a toast shows the reason). */
  async edit(commands: readonly AnyCommand[], label: string, base = true): Promise<Done | undefined> {
    try {
      const staged = this.staging.takes(commands)
      const done = await this.request(commands, label, base)
      announce(staged ? useStagingTexts.now().staged(label) : label)
      return done
    } catch (error) {
      this.fail(error)
      return undefined
    }
  }

  private send(
    commands: readonly AnyCommand[],
    label: string,
    base: boolean,
    dryRun: boolean,
  ): Promise<Done | Planned> {
    if (!allows(this, 'edit')) return Promise.reject(denied())
    const lab = this.session.current.get() ?? ''
    const revision = base ? this.lab.revision.get() : null
    const asked = { type: 'edit' as const, lab, commands: [...commands], base: revision, label, dry_run: dryRun }
    return this.session.connection.request<'edit'>(asked).done
  }

  select(ids: Iterable<string>): void {
    const next = new Set(ids)
    const now = this.selection.get()
    if (next.size === now.size && [...next].every((id) => now.has(id))) return
    this.selection.set(next)
  }

  /** Select it and bring it into view. */
  show(recordId: string): void {
    this.select([recordId])
    this.side.set('inspector')
    this.viewport.get()?.reveal(recordId)
  }

  /** Shows the error of a failed request, whatever was thrown. */
  fail(error: unknown): void {
    const t = useEditorTexts.now()
    if (error instanceof ProblemError) this.toast('error', error.problem)
    else if (error instanceof LostError) {
      if (error.sent) this.say('error', t.lost, t.lostHint)
      else this.say('warning', t.notConnected, t.notConnectedHint)
    } else this.say('error', t.failed, String(error))
  }

  toast(level: Level, problem: Problem): void {
    const subject = problem.subject ?? undefined
    this.add({ level, message: problem.message, hint: problem.hint ?? undefined, subject })
  }

  say(level: Level, message: string, hint?: string): void {
    this.add({ level, message, hint })
  }

  dismiss(id: number): void {
    this.toasts.update((all) => all.filter((toast) => toast.id !== id))
  }

  private add(toast: Omit<Toast, 'id'>): void {
    this.toastCount += 1
    const id = this.toastCount
    const same = (other: Toast): boolean => other.message === toast.message && other.subject === toast.subject
    this.toasts.update((all) => [...all.filter((other) => !same(other)).slice(-2), { ...toast, id }])
    announce([toast.message.replace(/\.$/, ''), toast.hint].filter(Boolean).join('. '))
  }
}
