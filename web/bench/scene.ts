/** A lab of any size: groups of twenty namespaces, one of which has a bridge that the others hang on, with links among them. */

import type { AnyInterface, AnyLive, AnyRecord, Snapshot } from '@/protocol'

const GROUP = 20
const BLOCK_X = 2200
const BLOCK_Y = 2000
const PITCH_X = 420
const PITCH_Y = 340

export const LAB = 'bench'

export class Scene {
  readonly desired: Record<string, AnyRecord> = {}
  readonly live: Record<string, AnyLive> = {}
  private readonly size: number
  private index = 0

  /** `size` namespaces beside `host`, about one and a half times as many links. */
  constructor(size: number) {
    this.size = size
    this.namespace('host', { x: 0, y: -700 })
    const columns = Math.ceil(Math.sqrt(size / GROUP))
    for (let n = 0; n < size; n += 1) {
      const [group, i] = [Math.floor(n / GROUP), n % GROUP]
      const [x, y] = [(group % columns) * BLOCK_X, Math.floor(group / columns) * BLOCK_Y]
      const place =
        i === 0 ? { x, y } : { x: x + ((i - 1) % 5) * PITCH_X, y: y + 500 + Math.floor((i - 1) / 5) * PITCH_Y }
      this.namespace(`ns${n}`, place)
      if (i === 0) this.hub(n)
      else this.leaf(n, n - i)
    }
  }

  get links(): string[] {
    return Object.keys(this.live).filter((id) => id.startsWith('link:') && !id.endsWith('/lo'))
  }

  snapshot(): Snapshot {
    return {
      result: 'snapshot',
      info: {
        lab: LAB,
        state: 'live',
        policy: 'follow',
        namespaces: this.size,
        viewers: 1,
        problem: null,
        firewall: null,
        silent_since: null,
        people: [],
      },
      revision: 1,
      desired: this.desired,
      observed: Object.fromEntries(Object.entries(this.desired).filter(([id]) => !id.startsWith('placement:'))),
      live: this.live,
      drift: [],
      warnings: [],
      can_undo: null,
      can_redo: null,
      undo_by: null,
      undo_session: null,
      session: '',
    }
  }

  private namespace(name: string, at: { x: number; y: number }): void {
    if (name !== 'host') this.desired[`namespace:${name}`] = { kind: 'namespace', name } as AnyRecord
    this.desired[`placement:${name}`] = { kind: 'placement', node: name, ...at }
    this.live[`netns:${name}`] = { kind: 'netns', name, inode: 4026531840 } as AnyLive
    this.interface({ namespace: name, name: 'lo', type: 'loopback' })
  }

  private hub(n: number): void {
    const namespace = `ns${n}`
    this.interface({ namespace, name: 'br0', type: 'bridge' })
    this.desired[`placement:${namespace}/br0`] = { kind: 'placement', node: `${namespace}/br0`, x: 24, y: 64 }
    if (n > 0) this.pair(`${namespace}/up0`, `ns${n - GROUP}/down0`, n)
  }

  private leaf(n: number, hub: number): void {
    this.pair(`ns${n}/eth0`, `ns${hub}/p${n}`, n, 'br0')
    if (n % 2 === 0) this.pair(`ns${n}/side0`, `ns${n - 1 === hub ? n + 1 : n - 1}/side1`, n)
  }

  private pair(a: string, b: string, n: number, master?: string): void {
    const [from = '', to = ''] = [a, b].map((ref) => ref.split('/')[0])
    const address = `10.${n >> 8}.${n & 255}.1/24`
    this.interface({ namespace: from, name: a.split('/')[1] ?? '', type: 'veth', peer: b, address })
    this.interface({ namespace: to, name: b.split('/')[1] ?? '', type: 'veth', peer: a, master })
  }

  private interface(given: {
    namespace: string
    name: string
    type: string
    peer?: string
    master?: string | undefined
    address?: string
  }): void {
    const { namespace, name, type, peer, master, address } = given
    this.index += 1
    this.live[`link:${namespace}/${name}`] = {
      kind: 'link',
      namespace,
      name,
      index: this.index,
      type,
      up: true,
      carrier: true,
      operstate: 'UP',
      flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
      mtu: 1500,
      mac: `02:00:00:${[16, 8, 0].map((s) => ((this.index >> s) & 255).toString(16).padStart(2, '0')).join(':')}`,
      peer: peer ?? null,
      master: master ?? null,
      addresses: address ? [{ address, scope: 'global' }] : [],
    } as AnyLive
    if (type === 'loopback') return
    const record = { kind: type, namespace, name, ...(peer ? { peer } : {}), ...(master ? { master } : {}) }
    this.desired[`interface:${namespace}/${name}`] = { ...record, addresses: address ? [address] : [] } as AnyInterface
  }
}
