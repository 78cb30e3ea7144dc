/** Times as people of a language write them. */

import { type Language, language } from '.'

const formats = new Map<string, Intl.DateTimeFormat>()

function format(spoken: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${spoken} ${JSON.stringify(options)}`
  const known = formats.get(key)
  if (known) return known
  const made = new Intl.DateTimeFormat(localeOf(spoken), options)
  formats.set(key, made)
  return made
}

/** English as the browser's user writes it (dates differ between countries), Chinese as in Taiwan. */
export function localeOf(spoken: Language): string {
  return spoken === 'en' ? (navigator.languages.find((l) => l.startsWith('en')) ?? 'en') : 'zh-Hant-TW'
}

const MINUTE = 60_000

/** How long ago, for the last hour; else the local time, with the date where it is not today. `iso` is UTC, RFC 3339. */
export function whenShort(iso: string, now = Date.now(), spoken = language.get()): string {
  const then = new Date(iso)
  const ago = now - then.getTime()
  if (Number.isNaN(ago)) return ''
  if (ago < 60 * MINUTE) {
    const relative = new Intl.RelativeTimeFormat(localeOf(spoken), { numeric: 'auto', style: 'short' })
    return ago < MINUTE ? relative.format(0, 'second') : relative.format(-Math.floor(ago / MINUTE), 'minute')
  }
  const today = then.toDateString() === new Date(now).toDateString()
  return format(spoken, today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' }).format(then)
}

/** Date and time to the second, in the local time zone. */
export function whenLong(iso: string, spoken = language.get()): string {
  const then = new Date(iso)
  return Number.isNaN(then.getTime()) ? '' : format(spoken, { dateStyle: 'full', timeStyle: 'medium' }).format(then)
}
