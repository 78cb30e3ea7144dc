const fingers = typeof window.matchMedia === 'function' && window.matchMedia('(pointer: coarse)').matches

/** Least height of a row that a finger can meet, in CSS pixels: `--row` in tokens.css. */
const FINGER = 32

/** The height of the rows of a long list, of which only those in sight are drawn. */
export const rowHeight = (pixels: number): number => (fingers ? Math.max(pixels, FINGER) : pixels)
