/** The words of a rule, as `iptables-restore` splits a line: blanks part them, double quotes hold them together. */

/** `text` is what the kernel's tools see; `start` and `end` are its place in the line. `open`: its quote is not closed. */
export interface Word {
  text: string
  start: number
  end: number
  quoted: boolean
  open: boolean
}

const BLANK = /[ \t\n]/
const TYPED = /'([^'\n]*)'(?=[ \t]|$)/y

/** Split a line. A backslash escapes inside of double quotes, and the closing one ends the word. A whole word may be in single quotes, as a
 * shell takes it; a single quote anywhere else, as in `don't`, is a part of its word. */
export function split(line: string): Word[] {
  const words: Word[] = []
  let at = 0
  while (at < line.length) {
    if (BLANK.test(line[at] ?? '')) {
      at += 1
      continue
    }
    const word = typed(line, at) ?? take(line, at)
    words.push(word)
    at = word.end
  }
  return words
}

function typed(line: string, start: number): Word | null {
  TYPED.lastIndex = start
  const found = TYPED.exec(line)
  return found && { text: found[1] ?? '', start, end: start + found[0].length, quoted: true, open: false }
}

function take(line: string, start: number): Word {
  let text = ''
  let quoted = false
  let at = start
  for (; at < line.length; at += 1) {
    const sign = line[at] ?? ''
    if (quoted && sign === '\\' && at + 1 < line.length) {
      at += 1
      text += line[at]
    } else if (sign === '"') {
      if (quoted) return { text, start, end: at + 1, quoted, open: false }
      quoted = true
    } else if (!quoted && BLANK.test(sign)) break
    else text += sign
  }
  return { text, start, end: at, quoted, open: quoted }
}

/** A value as one word: in double quotes where `iptables-save` would put them. */
export function quote(value: string): string {
  if (value !== '' && /^[^\s"'\\]+$/.test(value)) return value
  return `"${value.replace(/["\\]/g, (sign) => `\\${sign}`)}"`
}
