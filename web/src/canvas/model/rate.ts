/** How a rate is drawn. Pure. */

/** Width of a line in pixels: each step of ten in the rate adds as much, from 100 bit/s to 10 Gbit/s. */
export function rateWidth(bits: number): number {
  return bits < 1 ? 0 : Math.min(10, Math.max(1, 1.1 * (Math.log10(bits) - 1)))
}
