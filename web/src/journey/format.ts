import { amounts } from '@/i18n/amounts'
import type { JourneyTexts } from './texts'

const TENTH_MS = 10000

/** A time in µs as a person reads it: µs while that says something, then ms. */
export function timeWords(t: JourneyTexts, us: number): string {
  const { tenth } = amounts()
  return us < TENTH_MS ? t.us(tenth(us)) : t.ms(tenth(us / 1000))
}
