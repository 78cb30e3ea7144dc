/** The fonts of a picture, embedded, so that it looks the same where they are not installed. */

/** The characters that are drawn, by font family. */
export type Letters = Map<string, Set<number>>

export function note(letters: Letters, family: string, text: string): void {
  const first = firstFamily(family)
  const known = letters.get(first) ?? new Set()
  for (const letter of text) known.add(letter.codePointAt(0) ?? 0)
  letters.set(first, known)
}

const firstFamily = (list: string): string => (list.split(',')[0] ?? '').trim().replace(/^["']|["']$/g, '')

/** `@font-face` rules with the fonts' bytes in them, of this page's fonts that these characters need. */
export async function fontFaces(letters: Letters): Promise<string> {
  const needed = [...document.styleSheets].flatMap((sheet) =>
    [...sheet.cssRules].flatMap((rule) => (rule instanceof CSSFontFaceRule && isNeeded(rule, letters) ? [rule] : [])),
  )
  return (await Promise.all(needed.map(embedded))).join('\n')
}

function isNeeded(rule: CSSFontFaceRule, letters: Letters): boolean {
  const used = letters.get(firstFamily(rule.style.getPropertyValue('font-family')))
  if (!used || rule.style.getPropertyValue('font-style') === 'italic') return false
  const ranges = parseRanges(rule.style.getPropertyValue('unicode-range'))
  return ranges.length === 0 || [...used].some((c) => ranges.some(([from, to]) => c >= from && c <= to))
}

/** `U+0000-00FF, U+0131, U+4??` as pairs. */
export function parseRanges(text: string): [number, number][] {
  return [...text.matchAll(/U\+([0-9A-F?]+)(?:-([0-9A-F]+))?/gi)].map(([, from = '', to]) => [
    Number.parseInt(from.replaceAll('?', '0'), 16),
    Number.parseInt(to ?? from.replaceAll('?', 'F'), 16),
  ])
}

async function embedded(rule: CSSFontFaceRule): Promise<string> {
  const source = /url\(["']?([^"')]+)/.exec(rule.style.getPropertyValue('src'))?.[1]
  if (source === undefined) return ''
  const url = new URL(source, rule.parentStyleSheet?.href ?? location.href)
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer())
  const family = rule.style.getPropertyValue('font-family')
  const weight = rule.style.getPropertyValue('font-weight')
  const range = rule.style.getPropertyValue('unicode-range')
  const data = `url(data:font/woff2;base64,${base64(bytes)}) format("woff2")`
  return `@font-face{font-family:${family};font-weight:${weight || 'normal'};src:${data};${range ? `unicode-range:${range}` : ''}}`
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(text)
}
