import { language } from '@/i18n'

export const numbers = (): Intl.NumberFormat => new Intl.NumberFormat(language.get())

/** The time of day, to the second. */
export const times = (): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(language.get(), { timeStyle: 'medium', hourCycle: 'h23' })
