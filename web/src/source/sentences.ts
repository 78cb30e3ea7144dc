/** What a step does, in one sentence. */

import { catalogue, count } from '@/i18n'
import { type AnyStep, refOf } from '@/protocol'

export const useStepTexts = catalogue(
  {
    addNamespace: (name: string) => `Create namespace ${name}`,
    deleteNamespace: (name: string) => `Delete namespace ${name} and everything in it`,
    setNsid: (name: string, id: number) => `Set the nsid of namespace ${name} to ${id}`,
    addLink: (a: string, b: string) => `Create link ${a} ⟷ ${b}`,
    addInterface: (ref: string, kind: string) => `Create ${kind} ${ref}`,
    deleteInterface: (ref: string) => `Delete ${ref}`,
    move: (ref: string, to: string) => `Move ${ref} to ${to}`,
    change: (ref: string, fields: string) => `Change ${ref}: ${fields}`,
    plug: (ref: string, bridge: string) => `Attach ${ref} to ${bridge}`,
    unplug: (ref: string) => `Detach ${ref} from its bridge`,
    up: (ref: string) => `Set ${ref} up`,
    down: (ref: string) => `Set ${ref} down`,
    addAddress: (ref: string, address: string) => `Add address ${address} to ${ref}`,
    deleteAddress: (ref: string, address: string) => `Remove address ${address} from ${ref}`,
    addRoute: (namespace: string, route: string) => `Add route ${route} in ${namespace}`,
    deleteRoute: (namespace: string, route: string) => `Delete route ${route} in ${namespace}`,
    addNeighbour: (ref: string, address: string, mac: string) => `Add neighbour ${address} at ${mac} on ${ref}`,
    deleteNeighbour: (ref: string, address: string) => `Remove neighbour ${address} from ${ref}`,
    addFdb: (ref: string, mac: string) => `Add FDB entry ${mac} on port ${ref}`,
    deleteFdb: (ref: string, mac: string) => `Remove FDB entry ${mac} from port ${ref}`,
    addVlan: (ref: string, vid: number) => `Allow VLAN ${vid} on ${ref}`,
    deleteVlan: (ref: string, vid: number) => `Block VLAN ${vid} on ${ref}`,
    sysctl: (namespace: string, key: string, value: string) => `Set ${key} to ${value} in ${namespace}`,
    table: (namespace: string, table: string, lines: number) =>
      `Change ${count(lines, 'line')} of table ${table} in ${namespace}`,
    via: (to: string, via: string) => `${to} via ${via}`,
    other: (verb: string, subject: string) => `${verb}: ${subject}`,
  },
  {
    addNamespace: (name) => `建立命名空間 ${name}`,
    deleteNamespace: (name) => `刪除命名空間 ${name} 及其中的一切`,
    setNsid: (name, id) => `將命名空間 ${name} 的 nsid 設為 ${id}`,
    addLink: (a, b) => `建立線路 ${a} ⟷ ${b}`,
    addInterface: (ref, kind) => `建立 ${kind} ${ref}`,
    deleteInterface: (ref) => `刪除 ${ref}`,
    move: (ref, to) => `將 ${ref} 移到 ${to}`,
    change: (ref, fields) => `變更 ${ref}：${fields}`,
    plug: (ref, bridge) => `將 ${ref} 接上 ${bridge}`,
    unplug: (ref) => `將 ${ref} 從橋接器移除`,
    up: (ref) => `啟用 ${ref}`,
    down: (ref) => `停用 ${ref}`,
    addAddress: (ref, address) => `為 ${ref} 新增位址 ${address}`,
    deleteAddress: (ref, address) => `移除 ${ref} 的位址 ${address}`,
    addRoute: (namespace, route) => `在 ${namespace} 新增路由 ${route}`,
    deleteRoute: (namespace, route) => `在 ${namespace} 刪除路由 ${route}`,
    addNeighbour: (ref, address, mac) => `在 ${ref} 新增鄰居 ${address}（${mac}）`,
    deleteNeighbour: (ref, address) => `從 ${ref} 移除鄰居 ${address}`,
    addFdb: (ref, mac) => `在橋接埠 ${ref} 新增 FDB 項目 ${mac}`,
    deleteFdb: (ref, mac) => `從橋接埠 ${ref} 移除 FDB 項目 ${mac}`,
    addVlan: (ref, vid) => `讓 VLAN ${vid} 通過 ${ref}`,
    deleteVlan: (ref, vid) => `不讓 VLAN ${vid} 通過 ${ref}`,
    sysctl: (namespace, key, value) => `在 ${namespace} 將 ${key} 設為 ${value}`,
    table: (namespace, table, lines) => `變更 ${namespace} 的表 ${table}（${lines} 行）`,
    via: (to, via) => `${to} 經由 ${via}`,
    other: (verb, subject) => `${verb}：${subject}`,
  },
)

type Texts = ReturnType<typeof useStepTexts>

/** The sign of a step in the list: added, removed or changed. */
export function signOf(step: AnyStep): '+' | '−' | '~' {
  if (step.step.startsWith('add-')) return '+'
  return step.step.startsWith('delete-') ? '−' : '~'
}

export function sentence(t: Texts, step: AnyStep): string {
  switch (step.step) {
    case 'add-namespace':
      return t.addNamespace(step.name)
    case 'delete-namespace':
      return t.deleteNamespace(step.name)
    case 'set-nsid':
      return t.setNsid(step.name, step.nsid)
    case 'add-interface':
      return step.peer
        ? t.addLink(refOf(step.interface), refOf(step.peer))
        : t.addInterface(refOf(step.interface), step.interface.kind)
    case 'delete-interface':
      return t.deleteInterface(refOf(step))
    case 'move-interface':
      return t.move(refOf(step), `${step.to_namespace}/${step.to_name}`)
    case 'change-interface':
      return change(t, step)
    case 'set-up':
      return step.up ? t.up(refOf(step)) : t.down(refOf(step))
    default:
      return entry(t, step)
  }
}

function change(t: Texts, { after, fields }: Extract<AnyStep, { step: 'change-interface' }>): string {
  if (fields.length !== 1 || fields[0] !== 'master') return t.change(refOf(after), fields.join(', '))
  return after.master ? t.plug(refOf(after), `${after.namespace}/${after.master}`) : t.unplug(refOf(after))
}

const at = (row: { namespace: string; dev: string }): string => `${row.namespace}/${row.dev}`

function entry(t: Texts, step: AnyStep): string {
  switch (step.step) {
    case 'add-address':
      return t.addAddress(at(step), step.address)
    case 'delete-address':
      return t.deleteAddress(at(step), step.address)
    case 'add-route':
    case 'delete-route': {
      const { namespace, to, via, dev } = step.route
      const way = via ?? dev
      const say = step.step === 'add-route' ? t.addRoute : t.deleteRoute
      return say(namespace, way ? t.via(to, way) : to)
    }
    case 'add-neighbour':
      return t.addNeighbour(at(step.neighbour), step.neighbour.address, step.neighbour.mac)
    case 'delete-neighbour':
      return t.deleteNeighbour(at(step.neighbour), step.neighbour.address)
    case 'add-fdb':
      return t.addFdb(at(step.fdb), step.fdb.mac)
    case 'delete-fdb':
      return t.deleteFdb(at(step.fdb), step.fdb.mac)
    case 'add-vlan':
      return t.addVlan(at(step), step.vlan.vid)
    case 'delete-vlan':
      return t.deleteVlan(at(step), step.vid)
    case 'set-sysctl':
      return t.sysctl(step.namespace, step.key, step.value)
    case 'change-table':
      return t.table(step.namespace, `${step.table} (${step.family})`, step.lines.length)
    default:
      return t.other(step.step, step.subject)
  }
}
