import { type AnyLive, type AnyRecord, DEFAULTS, type Port, type PortVlan } from './generated'

export * from './diff'
export * from './generated'
export * from './ids'
export * from './kinds'
export * from './probe.generated'
export { Misfit } from './splice'

type Tagged = AnyRecord | AnyLive

/** A record with every field that the wire left out because it has its default. */
export function withDefaults<T extends Tagged>(record: T): Required<T> {
  return { ...DEFAULTS[record.kind], ...record } as Required<T>
}

/** The defaults of a bridge port. */
export const PORT: Required<Port> = DEFAULTS.Port

/** A VLAN of a port with its defaults filled in. */
export const fullVlan = (vlan: PortVlan): Required<PortVlan> => ({ ...DEFAULTS.PortVlan, ...vlan })
