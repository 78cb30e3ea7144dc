/** Differences of texts by lines, and the merging of two of them. Pure. */

/** `before` from `from` to `to` (offsets) becomes `insert`. */
export interface Hunk {
  from: number
  to: number
  insert: string
}

/** Up to this many pairs of lines are compared for the smallest difference; beyond, one hunk from the first to the last. */
const MOST_PAIRS = 4_000_000

/** Lines with their line feeds. */
const lines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? []

/** What turns `before` into `after`, in order. */
export function hunks(before: string, after: string): Hunk[] {
  if (before === after) return []
  const [a, b] = [lines(before), lines(after)]
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1
  let end = 0
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  const offset = length(a.slice(0, start))
  if (left.length * right.length > MOST_PAIRS) {
    return [{ from: offset, to: offset + length(left), insert: right.join('') }]
  }
  return between(left, right, offset)
}

const length = (all: readonly string[]): number => all.reduce((sum, line) => sum + line.length, 0)

/** The longest common subsequence of lines stays; the rest are hunks. */
function between(a: readonly string[], b: readonly string[], offset: number): Hunk[] {
  const common = subsequences(a, b)
  const out: Hunk[] = []
  let [i, j, at] = [0, 0, offset]
  let open: Hunk | null = null
  while (i < a.length || j < b.length) {
    const [mine, theirs] = [a[i], b[j]]
    if (mine !== undefined && mine === theirs) {
      open = null
      at += mine.length
      i += 1
      j += 1
      continue
    }
    if (!open) {
      open = { from: at, to: at, insert: '' }
      out.push(open)
    }
    if (mine !== undefined && (theirs === undefined || common(i + 1, j) >= common(i, j + 1))) {
      at += mine.length
      open.to = at
      i += 1
    } else {
      open.insert += theirs ?? ''
      j += 1
    }
  }
  return out
}

/** How many lines of a from i on and of b from j on can stay. */
function subsequences(a: readonly string[], b: readonly string[]): (i: number, j: number) => number {
  const width = b.length + 1
  const table = new Uint32Array((a.length + 1) * width)
  const at = (i: number, j: number): number => table[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      table[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  return at
}

/** What must be done to `mine` so that it also has what `theirs` changed of `base`; null where both changed the same lines. */
export function merge(base: string, mine: string, theirs: string): Hunk[] | null {
  if (mine === theirs) return []
  const own = hunks(base, mine)
  const out: Hunk[] = []
  for (const hunk of hunks(base, theirs)) {
    if (own.some((o) => o.from <= hunk.to && hunk.from <= o.to)) return null
    const shift = own.filter((o) => o.to < hunk.from).reduce((sum, o) => sum + o.insert.length - (o.to - o.from), 0)
    out.push({ from: hunk.from + shift, to: hunk.to + shift, insert: hunk.insert })
  }
  return out
}

export function patched(text: string, changes: readonly Hunk[]): string {
  return [...changes].reverse().reduce((now, { from, to, insert }) => now.slice(0, from) + insert + now.slice(to), text)
}
