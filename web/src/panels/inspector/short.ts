const units = ['', 'k', 'M', 'G', 'T']

/** `12.3 k` */
export function short(value: number): string {
  let unit = 0
  let rest = value
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1000
    unit += 1
  }
  return `${unit === 0 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`.trim()
}
