/** Numbers, amounts of data, rates and times of day as people of a language write them. Prefixes are those of the SI, as `iptables -v`,
 * `tc` and `ping` use them: `k` is 1,000. */

import { useValue } from '@/ui/value'
import { type Language, language } from '.'
import { localeOf } from './when'

export interface Amounts {
  /** `12,345` */
  whole(value: number): string
  /** `0.250000`, with so many digits. */
  exact(value: number, digits: number): string
  /** `12.3`, at most one digit after the point. */
  tenth(value: number): string
  /** `12.3 k` */
  short(value: number): string
  /** `12.3 kB` */
  bytes(value: number): string
  /** `12.3 Mbit/s` */
  bits(perSecond: number): string
  /** Of packets, `0.4/s`; nothing for none. */
  perSecond(value: number): string
  /** To the second: `17:04:05`; `ms` since 1970, in the local time zone. */
  timeOfDay(ms: number): string
}

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P']

function make(spoken: Language): Amounts {
  const locale = localeOf(spoken)
  const formats = new Map<string, Intl.NumberFormat>()
  const digits = (least: number, most: number): Intl.NumberFormat => {
    const key = `${least} ${most}`
    const known = formats.get(key)
    if (known) return known
    const format = new Intl.NumberFormat(locale, { minimumFractionDigits: least, maximumFractionDigits: most })
    formats.set(key, format)
    return format
  }
  const [none, one, upToOne] = [digits(0, 0), digits(1, 1), digits(0, 1)]
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium', hourCycle: 'h23' })
  /** Three figures at most, and the prefix with the unit after them. */
  const scaled = (value: number, unit: string): string => {
    let [step, rest] = [0, value]
    for (; rest >= 999.5 && step < PREFIXES.length - 1; step += 1) rest /= 1000
    const number = (step === 0 || rest >= 99.95 ? none : one).format(rest)
    const name = `${PREFIXES[step]}${unit}`
    return name === '' ? number : `${number} ${name}`
  }
  return {
    whole: (value) => none.format(value),
    exact: (value, count) => digits(count, count).format(value),
    tenth: (value) => upToOne.format(value),
    short: (value) => scaled(value, ''),
    bytes: (value) => scaled(value, 'B'),
    bits: (value) => scaled(value, 'bit/s'),
    perSecond: (value) => (value === 0 ? '' : `${value < 10 ? upToOne.format(value) : scaled(value, '')}/s`),
    timeOfDay: (ms) => clock.format(ms),
  }
}

const made = new Map<Language, Amounts>()

export function amounts(spoken: Language = language.get()): Amounts {
  const known = made.get(spoken) ?? make(spoken)
  made.set(spoken, known)
  return known
}

/** In a component: renders again when the language changes. */
export const useAmounts = (): Amounts => amounts(useValue(language))
