// Written by script/generate from topology/model/kinds/. Do not edit.
import type { AnyInterface } from './generated'

/** The word of a kind: `veth`. */
export type Kind = AnyInterface['kind']

/** A field that only one kind has. `min`, `max` and `unit` are a number's, and `proposed`, which a form begins with. One that is not
 * `changeable`, and a value in `anew`, need the interface made anew. The text of `lower` and `peer` is an interface
 * (`ns0/veth0`), that of `namespace` a namespace. */
export type KindField = {
  name: string
  type: 'number' | 'boolean' | 'text' | 'choice' | 'address' | 'lower' | 'peer' | 'namespace'
  required: boolean
  nullable: boolean
  default: number | boolean | string | null
  min?: number
  max?: number
  unit?: KindUnit
  options?: readonly string[]
  changeable: boolean
  anew?: readonly string[]
  proposed?: number
}

/** `elsewhere`: the lower interface may be in another namespace. `onItself`: it may be of the same kind. */
export type KindLower = {
  required: boolean
  elsewhere: boolean
  onItself: boolean
  followsState: boolean
  frames: 'same' | 'tagged' | 'tunnel'
}

/** A kind of interface; topology/model/kind.py says what each word means. */
export type KindSpec = {
  kind: Kind
  about: string
  fields: readonly KindField[]
  lower: KindLower | null
  paired: boolean
  underlay: boolean
  builtin: boolean
  movable: boolean
  port: boolean
  carries: boolean
  maxPorts: number
  stem: string
  node: boolean
  fdb: '' | 'ports' | 'own'
  mac: 'random' | 'none' | 'lower' | 'port'
  macFixed: boolean
  mtu: { min: number; max: number; default: number; follows: '' | 'lower' | 'ports'; capped: boolean }
}

/** What has a text of its own in both languages: `vlan.vid`. */
export type KindFieldKey = "bridge.stp" | "bridge.priority" | "bridge.forward_delay" | "bridge.hello_time" | "bridge.max_age" | "bridge.ageing_time" | "bridge.vlan_filtering" | "bridge.vlan_default_pvid" | "bridge.mcast_snooping" | "macvlan.parent" | "macvlan.mode" | "veth.peer" | "vlan.parent" | "vlan.protocol" | "vlan.vid" | "vlan.reorder_hdr" | "vlan.gvrp" | "vlan.mvrp" | "vlan.loose_binding" | "vxlan.vni" | "vxlan.dstport" | "vxlan.local" | "vxlan.remote" | "vxlan.parent" | "vxlan.underlay" | "vxlan.ttl" | "vxlan.learning"

/** The units of numbers. */
export type KindUnit = "s"

export const KINDS: { readonly [K in Kind]: KindSpec } = {
  "bridge": {"kind": "bridge", "about": "A bridge. Times are in seconds; the defaults are the kernel's.", "fields": [{"name": "stp", "type": "boolean", "required": false, "nullable": false, "default": false, "changeable": true}, {"name": "priority", "type": "number", "required": false, "nullable": false, "default": 32768, "min": 0, "max": 65535, "changeable": true}, {"name": "forward_delay", "type": "number", "required": false, "nullable": false, "default": 15, "min": 0, "max": 42949672, "unit": "s", "changeable": true}, {"name": "hello_time", "type": "number", "required": false, "nullable": false, "default": 2, "min": 1, "max": 10, "unit": "s", "changeable": true}, {"name": "max_age", "type": "number", "required": false, "nullable": false, "default": 20, "min": 6, "max": 40, "unit": "s", "changeable": true}, {"name": "ageing_time", "type": "number", "required": false, "nullable": false, "default": 300, "min": 0, "max": 42949672, "unit": "s", "changeable": true}, {"name": "vlan_filtering", "type": "boolean", "required": false, "nullable": false, "default": false, "changeable": true}, {"name": "vlan_default_pvid", "type": "number", "required": false, "nullable": false, "default": 1, "min": 0, "max": 4094, "changeable": true}, {"name": "mcast_snooping", "type": "boolean", "required": false, "nullable": false, "default": true, "changeable": true}], "lower": null, "paired": false, "underlay": false, "builtin": false, "movable": false, "port": false, "carries": true, "maxPorts": 1023, "stem": "br", "node": true, "fdb": "ports", "mac": "port", "macFixed": false, "mtu": {"min": 68, "max": 65535, "default": 1500, "follows": "ports", "capped": false}},
  "dummy": {"kind": "dummy", "about": "An interface without a wire. Its addresses answer; frames that leave through it are dropped.", "fields": [], "lower": null, "paired": false, "underlay": false, "builtin": false, "movable": true, "port": true, "carries": true, "maxPorts": 0, "stem": "dummy", "node": false, "fdb": "", "mac": "random", "macFixed": false, "mtu": {"min": 0, "max": 2147483647, "default": 1500, "follows": "", "capped": false}},
  "ifb": {"kind": "ifb", "about": "A queue for packets that a filter redirects to it; they go on where they were going when they have passed it.", "fields": [], "lower": null, "paired": false, "underlay": false, "builtin": false, "movable": true, "port": true, "carries": true, "maxPorts": 0, "stem": "ifb", "node": false, "fdb": "", "mac": "random", "macFixed": true, "mtu": {"min": 0, "max": 2147483647, "default": 1500, "follows": "", "capped": false}},
  "loopback": {"kind": "loopback", "about": "`lo`. A namespace starts with it down; 127.0.0.1/8 and ::1/128 come with it when it goes up.", "fields": [], "lower": null, "paired": false, "underlay": false, "builtin": true, "movable": false, "port": false, "carries": false, "maxPorts": 0, "stem": "loopback", "node": false, "fdb": "", "mac": "none", "macFixed": false, "mtu": {"min": 0, "max": 2147483647, "default": 65536, "follows": "", "capped": false}},
  "macvlan": {"kind": "macvlan", "about": "An interface on top of `parent` (`ns/name`), which may be in another namespace.", "fields": [{"name": "parent", "type": "lower", "required": true, "nullable": false, "default": null, "changeable": false}, {"name": "mode", "type": "choice", "required": false, "nullable": false, "default": "bridge", "options": ["bridge", "passthru", "private", "vepa"], "changeable": true, "anew": ["passthru"]}], "lower": {"required": true, "elsewhere": true, "onItself": false, "followsState": false, "frames": "same"}, "paired": false, "underlay": false, "builtin": false, "movable": true, "port": true, "carries": true, "maxPorts": 0, "stem": "macvlan", "node": false, "fdb": "", "mac": "random", "macFixed": false, "mtu": {"min": 68, "max": 65535, "default": 1500, "follows": "lower", "capped": true}},
  "veth": {"kind": "veth", "about": "One end of a pair. `peer` names the other (`ns0/veth0`), whose own `peer` names this one.", "fields": [{"name": "peer", "type": "peer", "required": true, "nullable": false, "default": null, "changeable": false}], "lower": null, "paired": true, "underlay": false, "builtin": false, "movable": true, "port": true, "carries": true, "maxPorts": 0, "stem": "veth", "node": false, "fdb": "", "mac": "random", "macFixed": false, "mtu": {"min": 68, "max": 65535, "default": 1500, "follows": "", "capped": false}},
  "vlan": {"kind": "vlan", "about": "The VLAN `vid` of `parent` (`ns/name`), which may be in another namespace. What leaves through it gets a tag there.", "fields": [{"name": "parent", "type": "lower", "required": true, "nullable": false, "default": null, "changeable": false}, {"name": "protocol", "type": "choice", "required": false, "nullable": false, "default": "802.1Q", "options": ["802.1Q", "802.1ad"], "changeable": false}, {"name": "vid", "type": "number", "required": true, "nullable": false, "default": null, "min": 0, "max": 4094, "changeable": false, "proposed": 10}, {"name": "reorder_hdr", "type": "boolean", "required": false, "nullable": false, "default": true, "changeable": true}, {"name": "gvrp", "type": "boolean", "required": false, "nullable": false, "default": false, "changeable": true}, {"name": "mvrp", "type": "boolean", "required": false, "nullable": false, "default": false, "changeable": true}, {"name": "loose_binding", "type": "boolean", "required": false, "nullable": false, "default": false, "changeable": true}], "lower": {"required": true, "elsewhere": true, "onItself": true, "followsState": true, "frames": "tagged"}, "paired": false, "underlay": false, "builtin": false, "movable": true, "port": true, "carries": true, "maxPorts": 0, "stem": "vlan", "node": false, "fdb": "", "mac": "lower", "macFixed": false, "mtu": {"min": 0, "max": 65535, "default": 1500, "follows": "lower", "capped": true}},
  "vxlan": {"kind": "vxlan", "about": "A VXLAN tunnel end.", "fields": [{"name": "vni", "type": "number", "required": true, "nullable": false, "default": null, "min": 0, "max": 16777215, "changeable": false, "proposed": 100}, {"name": "dstport", "type": "number", "required": false, "nullable": false, "default": 4789, "min": 1, "max": 65535, "changeable": false}, {"name": "local", "type": "address", "required": false, "nullable": true, "default": null, "changeable": false}, {"name": "remote", "type": "address", "required": false, "nullable": true, "default": null, "changeable": false}, {"name": "parent", "type": "lower", "required": false, "nullable": true, "default": null, "changeable": false}, {"name": "underlay", "type": "namespace", "required": false, "nullable": true, "default": null, "changeable": false}, {"name": "ttl", "type": "number", "required": false, "nullable": false, "default": 0, "min": 0, "max": 255, "changeable": true}, {"name": "learning", "type": "boolean", "required": false, "nullable": false, "default": true, "changeable": true}], "lower": {"required": false, "elsewhere": false, "onItself": true, "followsState": false, "frames": "tunnel"}, "paired": false, "underlay": true, "builtin": false, "movable": true, "port": true, "carries": true, "maxPorts": 0, "stem": "vxlan", "node": false, "fdb": "own", "mac": "random", "macFixed": false, "mtu": {"min": 68, "max": 65535, "default": 1500, "follows": "lower", "capped": true}},
}
