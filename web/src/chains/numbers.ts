const UNITS = ['', 'k', 'M', 'G', 'T', 'P']

/** `12.3 k`; `base` 1024 for bytes. */
export function short(value: number, base = 1000): string {
  let unit = 0
  let rest = value
  while (rest >= base && unit < UNITS.length - 1) {
    rest /= base
    unit += 1
  }
  const digits = unit === 0 || rest >= 100 ? 0 : 1
  return `${rest.toFixed(digits)}${unit === 0 ? '' : ` ${UNITS[unit]}`}`
}

/** Packets a second: `0.4/s`. */
export const perSecond = (value: number): string =>
  value === 0 ? '' : `${value < 10 ? value.toFixed(1).replace(/\.0$/, '') : short(value)}/s`
