/** How a rate is drawn. Pure. */

/** `12.3 Mbit/s` */
export function rateText(bits: number): string {
  const units = ['', 'k', 'M', 'G', 'T']
  let [unit, rest] = [0, bits]
  for (; rest >= 999.5 && unit < units.length - 1; unit += 1) rest /= 1000
  return `${rest.toFixed(unit === 0 || rest >= 99.95 ? 0 : 1)} ${units[unit]}bit/s`
}

/** Width of a line in pixels: each step of ten in the rate adds as much, from 100 bit/s to 10 Gbit/s. */
export function rateWidth(bits: number): number {
  return bits < 1 ? 0 : Math.min(10, Math.max(1, 1.1 * (Math.log10(bits) - 1)))
}
