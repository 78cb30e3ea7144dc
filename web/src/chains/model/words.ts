/** The words of a rule, as `iptables-restore` splits a line: blanks part them, double quotes hold them together. */

/** `text` is what the kernel's tools see; `start` and `end` are its place in the line. `open`: its quote is not closed. */
export interface Word {
  text: string
  start: number
  end: number
  quoted: boolean
  open: boolean
}

const BLANK = /\s/

/** Split a line. A backslash escapes inside of double quotes, and the closing one ends the word. Quotes may also be single, as a
 * shell takes them. */
export function split(line: string): Word[] {
  const words: Word[] = []
  let at = 0
  while (at < line.length) {
    if (BLANK.test(line[at] ?? '')) {
      at += 1
      continue
    }
    const word = take(line, at)
    words.push(word)
    at = word.end
  }
  return words
}

function take(line: string, start: number): Word {
  let text = ''
  let quote = ''
  let quoted = false
  let at = start
  for (; at < line.length; at += 1) {
    const sign = line[at] ?? ''
    if (quote === '"' && sign === '\\' && at + 1 < line.length) {
      at += 1
      text += line[at]
    } else if (quote !== '') {
      if (sign !== quote) text += sign
      else if (quote === '"') return { text, start, end: at + 1, quoted, open: false }
      else quote = ''
    } else if (sign === '"' || sign === "'") {
      quote = sign
      quoted = true
    } else if (BLANK.test(sign)) break
    else text += sign
  }
  return { text, start, end: at, quoted, open: quote !== '' }
}

/** A value as one word: in double quotes where `iptables-save` would put them. */
export function quote(value: string): string {
  if (value !== '' && /^[^\s"'\\]+$/.test(value)) return value
  return `"${value.replace(/["\\]/g, (sign) => `\\${sign}`)}"`
}
