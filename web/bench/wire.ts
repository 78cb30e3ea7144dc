/** A wire that answers by itself, as the server would for a lab that runs. */

import type { Wire, WireState } from '@/connection'
import type { AnyLive, AnyRecord, CountersLive, Delta, Labs, LinkLive } from '@/protocol'
import { LAB, type Scene } from './scene'

type OnEvent = (event: string, text: string) => void

export class BenchWire implements Wire {
  /** How often nodes were put somewhere. */
  drops = 0
  private revision = 1
  private told: OnEvent = () => undefined
  private timer: ReturnType<typeof setInterval> | undefined
  private counting: ReturnType<typeof setInterval> | undefined
  private seconds = 0
  private next = 0
  private readonly scene: Scene
  private readonly ids: readonly string[]

  constructor(scene: Scene) {
    this.scene = scene
    this.ids = scene.links
  }

  listen(onEvent: OnEvent, onState: (state: WireState) => void): void {
    this.told = onEvent
    setTimeout(() => {
      onState('open')
      this.tell('labs', this.labs())
    })
  }

  send(_event: 'request', text: string): void {
    const asked = JSON.parse(text) as {
      id: string
      type: string
      commands?: { do: string; positions: object }[]
      traffic?: string[]
    }
    if (asked.type === 'subscribe') this.count(asked.traffic ?? [])
    queueMicrotask(() => {
      this.tell('answer', { id: asked.id, result: this.result(asked.type) })
      for (const command of asked.commands ?? []) if (command.do === 'place') this.placed(command.positions)
    })
  }

  close(): void {
    this.updates(0)
    this.count([])
  }

  /** From now on so many changes of an interface's carrier a second, each a delta of its own, in a fixed order. */
  updates(perSecond: number): void {
    clearInterval(this.timer)
    if (perSecond === 0) return
    let since = performance.now()
    let owed = 0
    this.timer = setInterval(() => {
      const now = performance.now()
      owed = Math.min(owed + ((now - since) * perSecond) / 1000, perSecond)
      since = now
      for (; owed >= 1; owed -= 1) this.flip()
    }, 5)
  }

  /** Every second the counters of these, on all of whose interfaces something runs. */
  private count(namespaces: readonly string[]): void {
    clearInterval(this.counting)
    if (namespaces.length === 0) return
    const read = (): void => {
      this.seconds += 1
      const added = Object.fromEntries(namespaces.map((name) => [`counters:${name}`, this.counters(name)]))
      this.delta({ live: { added } })
    }
    this.counting = setInterval(read, 1000)
    read()
  }

  private counters(namespace: string): CountersLive {
    const bytes = 250_000 * this.seconds
    const row = { rx_bytes: bytes, tx_bytes: bytes / 2, rx_packets: 0, tx_packets: 0, multicast: 0 }
    const names = this.ids.filter((id) => id.startsWith(`link:${namespace}/`)).map((id) => id.split('/')[1] ?? '')
    return {
      kind: 'counters',
      namespace,
      at: this.seconds,
      rows: Object.fromEntries(
        names.map((name) => [name, { ...row, rx_dropped: 0, tx_dropped: 0, rx_errors: 0, tx_errors: 0 }]),
      ),
    }
  }

  private flip(): void {
    // A stride that meets every interface before it meets one again.
    this.next = (this.next + 7919) % this.ids.length
    const id = this.ids[this.next] ?? ''
    const before = this.scene.live[id] as LinkLive
    const after = { ...before, carrier: !before.carrier, operstate: before.carrier ? 'DOWN' : 'UP' }
    this.scene.live[id] = after as AnyLive
    this.delta({ live: { updated: { [id]: [before as AnyLive, after as AnyLive] } } })
  }

  private placed(positions: object): void {
    this.drops += 1
    const updated: Record<string, [AnyRecord, AnyRecord]> = {}
    for (const [node, [x, y]] of Object.entries(positions) as [string, [number, number]][]) {
      const before = this.scene.desired[`placement:${node}`]
      const after = { kind: 'placement' as const, node, x, y }
      if (before) updated[`placement:${node}`] = [before, after]
      this.scene.desired[`placement:${node}`] = after
    }
    this.delta({ desired: { updated } })
  }

  private delta(part: Partial<Delta>): void {
    this.revision += 1
    this.tell('delta', { lab: LAB, revision: this.revision, ...part })
  }

  private labs(): Labs {
    return { result: 'labs', labs: [this.scene.snapshot().info], role: 'admin' }
  }

  private result(type: string): object {
    if (type === 'labs') return this.labs()
    if (type === 'open') return { ...this.scene.snapshot(), revision: this.revision }
    return { result: 'done', revision: this.revision }
  }

  private tell(event: string, what: object): void {
    this.told(event, JSON.stringify(what))
  }
}
