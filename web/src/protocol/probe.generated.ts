// Written by script/generate from topology/journey/options.py and protocol/limits.py. Do not edit.
import type { Ask } from './generated'

/** What is sent: the request where there is one, else the protocol. */
export type ProbeKind = (typeof PROBE_KINDS)[number]

/** A field of `Ask` that can be chosen. `kinds`: the kinds of probe that have it. */
export type ProbeOption =
  | { name: ProbeNumber; type: 'number'; kinds: readonly ProbeKind[]; min: number; max: number; default: number | null }
  | { name: ProbeSwitch; type: 'switch'; kinds: readonly ProbeKind[] }
  | { name: ProbeText; type: 'text'; kinds: readonly ProbeKind[] }

export type ProbeNumber = "port" | "source_port" | "size" | "ttl" | "tos" | "mark"
export type ProbeSwitch = "dont_fragment" | "broadcast"
export type ProbeText = "name" | "source_address"

export const PROBE_KINDS = ["icmp", "udp", "tcp", "arp", "dns", "http"] as const

/** The fields of `Ask` that a kind stands for. */
export const CARRIED_BY: Readonly<Record<ProbeKind, Required<Pick<Ask, 'protocol' | 'request'>>>> =
  {"icmp": {"protocol": "icmp", "request": ""}, "udp": {"protocol": "udp", "request": ""}, "tcp": {"protocol": "tcp", "request": ""}, "arp": {"protocol": "arp", "request": ""}, "dns": {"protocol": "udp", "request": "dns"}, "http": {"protocol": "tcp", "request": "http"}}

/** The ports of a probe that names none. */
export const PROBE_PORTS: Readonly<Partial<Record<ProbeKind, number>>> = {"udp": 33434, "tcp": 80, "dns": 53, "http": 80}

export const PROBE_OPTIONS: readonly ProbeOption[] = [
  {"name": "port", "type": "number", "kinds": ["udp", "tcp", "dns", "http"], "min": 1, "max": 65535, "default": null},
  {"name": "name", "type": "text", "kinds": ["dns", "http"]},
  {"name": "source_address", "type": "text", "kinds": ["icmp", "udp", "tcp", "dns", "http"]},
  {"name": "source_port", "type": "number", "kinds": ["udp", "tcp", "dns", "http"], "min": 0, "max": 65535, "default": 0},
  {"name": "size", "type": "number", "kinds": ["icmp", "udp"], "min": 0, "max": 65507, "default": 56},
  {"name": "ttl", "type": "number", "kinds": ["icmp", "udp", "tcp", "dns", "http"], "min": 1, "max": 255, "default": null},
  {"name": "tos", "type": "number", "kinds": ["icmp", "udp", "tcp", "dns", "http"], "min": 0, "max": 255, "default": 0},
  {"name": "mark", "type": "number", "kinds": ["icmp", "udp", "tcp", "dns", "http"], "min": 0, "max": 4294967295, "default": 0},
  {"name": "dont_fragment", "type": "switch", "kinds": ["icmp", "udp", "tcp", "dns", "http"]},
  {"name": "broadcast", "type": "switch", "kinds": ["icmp", "udp"]},
]

/** Packets, and seconds: the least and the most. */
export const TRACE_LIMITS = {"count": [1, 100], "wait": [0.1, 10.0], "interval": [0, 60.0]} as const
