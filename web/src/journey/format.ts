import { language } from '@/i18n'
import type { JourneyTexts } from './texts'

const TENTH_MS = 10000

/** A time in µs as a person reads it: µs while that says something, then ms. */
export function timeWords(t: JourneyTexts, us: number): string {
  const n = new Intl.NumberFormat(language.get(), { maximumFractionDigits: 1 })
  return us < TENTH_MS ? t.us(n.format(us)) : t.ms(n.format(us / 1000))
}
