const fingers = typeof window.matchMedia === 'function' && window.matchMedia('(pointer: coarse)').matches

/** Least height of a row that a finger can meet, in CSS pixels: `--row` in tokens.css. */
const FINGER = 32

/** Row height of virtualised lists. */
export const rowHeight = (pixels: number): number => (fingers ? Math.max(pixels, FINGER) : pixels)
