/** Finds lines by a few letters of them. Pure. */

/** How well `query` fits `text`, and which letters of it: null where a letter is missing. Greater is better; starts of words count most. */
export function fuzzy(query: string, text: string): { score: number; at: readonly number[] } | null {
  const [wanted, given] = [fold(query).replaceAll(' ', ''), fold(text)]
  if (wanted === '') return { score: 0, at: [] }
  let best: { score: number; at: number[] } | null = null
  for (let start = given.indexOf(wanted[0] ?? ''); start >= 0; start = given.indexOf(wanted[0] ?? '', start + 1)) {
    const found = from(wanted, given, text, start)
    if (found && (!best || found.score > best.score)) best = found
  }
  return best
}

/** Lower case, without marks; the same length as the text, so that places stay what they are. */
const fold = (text: string): string =>
  [...text.toLowerCase()].map((c) => (c.normalize('NFD')[0] ?? c).padEnd(c.length, ' ')).join('')

function from(wanted: string, given: string, text: string, start: number): { score: number; at: number[] } | null {
  const at: number[] = []
  let score = startsWord(text, start) ? 0 : -4
  let next = start
  for (const letter of wanted) {
    const place = given.indexOf(letter, next)
    if (place < 0) return null
    if (startsWord(text, place)) score += 8
    if (at.length > 0 && place === (at.at(-1) ?? 0) + 1) score += 6
    score -= Math.min(4, place - next)
    at.push(place)
    next = place + 1
  }
  return { score: score - start / 40 - text.length / 400, at }
}

const startsWord = (text: string, i: number): boolean => i === 0 || /[^\p{L}\p{N}]/u.test(text[i - 1] ?? '')
