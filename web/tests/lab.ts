/** A small lab for tests: `host` with a bridge, three namespaces, a pair that is only wanted. */

import type { AnyLive, AnyRecord, LabInfo, Snapshot } from '@/protocol'

export const INFO: LabInfo = {
  lab: 'demo',
  state: 'live',
  policy: 'follow',
  namespaces: 3,
  viewers: 1,
  problem: null,
  firewall: null,
  silent_since: null,
  people: ['admin'],
}

interface Given {
  master?: string
  peer?: string
  addresses?: string[]
  up?: boolean
}

export function snapshot(): Snapshot {
  const desired: Record<string, AnyRecord> = {}
  const live: Record<string, AnyLive> = {}
  const link = (ref: string, type: string, index: number, given: Given = {}): void => {
    const [namespace = '', name = ''] = ref.split('/')
    const { master, peer, addresses = [], up = true } = given
    live[`link:${ref}`] = {
      kind: 'link',
      namespace,
      name,
      index,
      flags: up ? ['UP'] : [],
      type,
      up,
      carrier: up,
      mac: `02:00:00:00:00:0${index}`,
      mtu: 1500,
      operstate: up ? 'UP' : 'DOWN',
      ...(master === undefined ? {} : { master }),
      ...(peer === undefined ? {} : { peer }),
      addresses: addresses.map((address) => ({ address })),
    } as AnyLive
  }
  for (const [i, name] of ['host', 'ns0', 'ns1', 'ns2'].entries()) {
    if (name !== 'host') desired[`namespace:${name}`] = { kind: 'namespace', name }
    desired[`placement:${name}`] = { kind: 'placement', node: name, x: i * 400, y: 0 }
    live[`netns:${name}`] = { kind: 'netns', name } as AnyLive
    link(`${name}/lo`, 'loopback', 1, { up: false })
  }
  link('host/br0', 'bridge', 2)
  link('host/veth2', 'veth', 3, { master: 'br0', peer: 'ns0/eth0' })
  link('ns0/eth0', 'veth', 4, { peer: 'host/veth2', addresses: ['10.0.2.2/24'] })
  link('ns0/veth0', 'veth', 5, { peer: 'ns1/veth1', addresses: ['10.0.1.1/24'] })
  link('ns1/veth1', 'veth', 6, { peer: 'ns0/veth0', addresses: ['10.0.1.2/24'] })
  desired['interface:ns1/veth9'] = { kind: 'veth', namespace: 'ns1', name: 'veth9', peer: 'ns2/veth9' }
  desired['interface:ns2/veth9'] = { kind: 'veth', namespace: 'ns2', name: 'veth9', peer: 'ns1/veth9' }
  return {
    result: 'snapshot',
    info: INFO,
    revision: 1,
    desired,
    observed: {},
    live,
    drift: [],
    warnings: [],
    can_undo: null,
    can_redo: null,
    undo_by: null,
    undo_session: null,
    session: 'me',
  }
}
