import { Connection, LostError, type Wire } from '@/connection'
import type { Delta, LabInfo, Labs, Notice } from '@/protocol'
import { Value } from '@/ui/value'
import { LabStore } from './lab'
import { rememberSession } from './person'

/** This browser's visit: the connection, the list of labs, and the one lab that is open. */
export class Session {
  readonly connection: Connection
  readonly lab = new LabStore()
  /** The lab that is (to be) open; null before one is chosen. */
  readonly current = new Value<string | null>(null)
  /** null until the server has sent it. */
  readonly labs = new Value<readonly LabInfo[] | null>(null)
  /** What the token of this visit allows; the server refuses the rest. */
  readonly role = new Value<Labs['role']>('admin')
  /** Called for problems that everybody in the lab should know. */
  onNotice: (notice: Notice) => void = () => undefined
  /** Called when the lab could not be opened. */
  onOpenFailed: (error: Error) => void = () => undefined
  private looked: readonly string[] = []
  private busy: readonly string[] = []
  /** Which components show the rules or the connections of which namespaces. */
  private readonly watched = { filters: new Map<string, string>(), conntrack: new Map<string, string>() }
  private opening: { lab: string; early: Delta[] } | null = null

  constructor(wire: Wire) {
    this.connection = new Connection(wire, {
      delta: (delta) => this.delta(delta),
      labs: (event) => this.labs.set(event.labs),
      notice: (notice) => this.onNotice(notice),
    })
    this.connection.state.subscribe(() => {
      if (this.connection.state.get() === 'open') void this.resume()
    })
  }

  start(): void {
    this.connection.start()
  }

  /** Show this lab. */
  async open(lab: string): Promise<void> {
    const before = this.current.get()
    if (before !== null && before !== lab) {
      this.connection.request<'close'>({ type: 'close', lab: before }).done.catch(() => undefined)
      this.lab.clear()
    }
    this.current.set(lab)
    this.looked = []
    this.busy = []
    await this.reopen()
  }

  /** Show no lab. */
  leave(): void {
    this.current.set(null)
    this.lab.clear()
  }

  /** Subscribes to counters, processes and learned FDB entries of the namespaces that the inspector shows. */
  look(namespaces: readonly string[]): void {
    if (namespaces.join(' ') === this.looked.join(' ')) return
    this.looked = namespaces
    this.sendLook()
  }

  /** Subscribes `who` to the rule counters or the connections of a namespace. Returns how to unsubscribe. */
  watch(what: 'filters' | 'conntrack', who: string, namespace: string): () => void {
    this.watched[what].set(who, namespace)
    this.sendLook()
    return () => {
      this.watched[what].delete(who)
      this.sendLook()
    }
  }

  /** Subscribes to interface counters of the namespaces whose links show rates on the canvas. */
  lookAtTraffic(namespaces: readonly string[]): void {
    if (namespaces.join(' ') === this.busy.join(' ')) return
    this.busy = namespaces
    this.sendLook()
  }

  private sendLook(): void {
    const lab = this.current.get()
    if (lab === null || this.connection.state.get() !== 'open') return
    const { filters, conntrack } = this.watched
    const look = {
      namespaces: [...this.looked],
      filters: distinct(filters),
      conntrack: distinct(conntrack),
      traffic: [...this.busy],
    }
    this.connection.request<'subscribe'>({ type: 'subscribe', lab, ...look }).done.catch(() => undefined)
  }

  private async resume(): Promise<void> {
    const labs = this.connection.request<'labs'>({ type: 'labs' }).done
    if (this.current.get() !== null) void this.reopen()
    try {
      const answer = await labs
      this.role.set(answer.role)
      this.labs.set(answer.labs)
    } catch (error) {
      if (!(error instanceof LostError)) throw error
    }
  }

  private async reopen(): Promise<void> {
    const lab = this.current.get()
    if (lab === null) return
    const opening = { lab, early: [] }
    this.opening = opening
    try {
      const snapshot = await this.connection.request<'open'>({ type: 'open', lab }).done
      if (this.opening !== opening) return
      this.opening = null
      rememberSession(snapshot.session)
      this.lab.reset(snapshot)
      for (const delta of opening.early) this.delta(delta)
      if (this.looked.length + this.busy.length + this.watched.filters.size + this.watched.conntrack.size > 0)
        this.sendLook()
    } catch (error) {
      if (this.opening !== opening) return
      this.opening = null
      // When the connection is restored, `resume` subscribes again.
      if (!(error instanceof LostError)) this.onOpenFailed(error as Error)
    }
  }

  private delta(delta: Delta): void {
    if (delta.lab !== this.current.get()) return
    if (this.opening) this.opening.early.push(delta)
    else if (!this.lab.apply(delta)) void this.reopen()
  }
}

const distinct = (namespaces: ReadonlyMap<string, string>): string[] => [...new Set(namespaces.values())]
