/** The form of a probe as a value, and the request that it means. What can be chosen is a table that the server has too. */

import {
  type Ask,
  CARRIED_BY,
  PROBE_OPTIONS,
  PROBE_PORTS,
  type ProbeKind,
  type ProbeNumber,
  type ProbeOption,
  type ProbeSwitch,
  type ProbeText,
  TRACE_LIMITS,
} from '@/protocol'

type Timing = keyof typeof TRACE_LIMITS

export interface Form {
  /** A namespace. */
  source: string
  /** The name of the interface that it has to leave by; empty: by routing. */
  through: string
  target: string
  kind: ProbeKind
  ipv6: boolean
  texts: Readonly<Partial<Record<ProbeNumber | ProbeText | Timing, string>>>
  switches: Readonly<Partial<Record<ProbeSwitch, boolean>>>
}

export const emptyForm = (source: string, target: string): Form => ({
  source,
  through: '',
  target,
  kind: 'icmp',
  ipv6: false,
  texts: {},
  switches: {},
})

/** Decimal or hexadecimal; NaN: no number. */
const numberOf = (text: string): number => (/^(?:0x[0-9a-f]+|\d+(?:\.\d+)?)$/i.test(text) ? Number(text) : Number.NaN)

const textOf = (form: Form, name: keyof Form['texts']): string => form.texts[name]?.trim() ?? ''

/** The options that a kind of probe has. */
export const optionsOf = (kind: ProbeKind): ProbeOption[] =>
  PROBE_OPTIONS.filter((option) => option.kinds.includes(kind))

/** The least and the most of a number of the form. */
export function limitsOf(name: ProbeNumber | Timing): readonly [number, number] {
  const option = PROBE_OPTIONS.find((o) => o.name === name)
  return option?.type === 'number' ? [option.min, option.max] : TRACE_LIMITS[name as Timing]
}

/** What a number is where nothing is written; empty where that is not known here. */
export function defaultOf(name: ProbeNumber | Timing, kind: ProbeKind): string {
  const option = PROBE_OPTIONS.find((o) => o.name === name)
  if (name === 'port') return String(PROBE_PORTS[kind] ?? '')
  if (option?.type === 'number') return option.default === null || name === 'source_port' ? '' : String(option.default)
  return { count: '1', wait: '1', interval: '0' }[name as Timing]
}

/** Whether what is written there is a number that may be. */
export function fits(form: Form, name: ProbeNumber | Timing): boolean {
  const text = textOf(form, name)
  const [value, [least, most]] = [numberOf(text), limitsOf(name)]
  const whole = name === 'wait' || name === 'interval' || Number.isInteger(value)
  return text === '' || (whole && value >= least && value <= most)
}

/** Whether it can be sent as it is. */
export function isReady(form: Form): boolean {
  const numbers = optionsOf(form.kind).flatMap((option) => (option.type === 'number' ? [option.name] : []))
  const named = form.kind !== 'dns' || textOf(form, 'name') !== ''
  return (
    form.source !== '' && form.target.trim() !== '' && named && [...numbers, ...timings].every((n) => fits(form, n))
  )
}

const timings = Object.keys(TRACE_LIMITS) as Timing[]

/** Fields that say the same as their absence are left out, so that the request is what was meant. */
export function askOf(form: Form): Ask {
  const { protocol, request } = CARRIED_BY[form.kind]
  const chosen = optionsOf(form.kind).flatMap((option): [string, string | number | boolean][] => {
    if (option.type === 'switch') return form.switches[option.name] ? [[option.name, true]] : []
    const text = textOf(form, option.name)
    return text === '' ? [] : [[option.name, option.type === 'number' ? numberOf(text) : text]]
  })
  return {
    source: form.through ? `${form.source}/${form.through}` : form.source,
    target: form.target.trim(),
    protocol,
    ...(request ? { request } : {}),
    ...(form.ipv6 ? { ipv6: true } : {}),
    ...Object.fromEntries(chosen),
  }
}

/** How often it is sent, and when. */
export function timingOf(form: Form): Partial<Record<Timing, number>> {
  return Object.fromEntries(
    timings.flatMap((name) => (textOf(form, name) ? [[name, numberOf(textOf(form, name))]] : [])),
  )
}

/** The form that means this request. */
export function formOf(ask: Ask): Form {
  const [source = '', through = ''] = ask.source.split('/')
  const kind: ProbeKind = ask.request || ask.protocol || 'icmp'
  const texts: Record<string, string> = {}
  const switches: Record<string, boolean> = {}
  for (const option of optionsOf(kind)) {
    const value = ask[option.name]
    if (option.type === 'switch') switches[option.name] = value === true
    else if (
      value !== undefined &&
      value !== null &&
      value !== '' &&
      value !== (option.type === 'number' ? option.default : '')
    ) {
      texts[option.name] = String(value)
    }
  }
  return { source, through, target: ask.target, kind, ipv6: ask.ipv6 ?? false, texts, switches }
}

/** The same packet once more: what was asked, without what became of it. */
export function askAgain(probe: Ask): Ask {
  const { source, target, protocol, ipv6, request } = probe
  const chosen = PROBE_OPTIONS.map(({ name }) => [name, probe[name]])
  const all = [...Object.entries({ source, target, protocol, ipv6, request }), ...chosen]
  return Object.fromEntries(all.filter(([, value]) => value !== undefined && value !== null)) as Ask
}

/** The DSCPs that have a name (RFC 2474, 2597, 3246), with the byte that they are in. */
export const DSCP: readonly (readonly [tos: number, name: string])[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map((n) => [n * 32, `CS${n}`] as const),
  ...[1, 2, 3, 4].flatMap((c) => [1, 2, 3].map((d) => [c * 32 + d * 8, `AF${c}${d}`] as const)),
  [0xb8, 'EF'],
]
