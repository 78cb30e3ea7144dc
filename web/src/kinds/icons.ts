import {
  Cable,
  CircleDashed,
  Filter,
  Layers2,
  type LucideIcon,
  Network,
  RotateCcw,
  Tags,
  Waypoints,
} from 'lucide-react'
import type { Kind } from '@/protocol'

/** The icon of each kind. */
export const KIND_ICONS: Readonly<Record<Kind, LucideIcon>> = {
  bridge: Network,
  dummy: CircleDashed,
  ifb: Filter,
  loopback: RotateCcw,
  macvlan: Layers2,
  veth: Cable,
  vlan: Tags,
  vxlan: Waypoints,
}

/** The keys that add one, of those that have a key. */
export const KIND_SHORTCUTS: Readonly<Partial<Record<Kind, string>>> = { bridge: 'B', macvlan: 'M', vxlan: 'X' }
