import { FilterError } from './wrong'

export interface Token {
  text: string
  at: number
  kind: 'word' | 'text' | 'sign' | 'end'
}

const TOKEN = /\s*(?:"([^"]*)"|(&&|\|\||==|!=|<=|>=|[()<>!{},~])|([\w.:/-]+))/y

/** The words of a filter, quoted texts without their quotes, and signs; at last an `end`. Raises FilterError. */
export function tokens(source: string): Token[] {
  const out: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const from = TOKEN.lastIndex
    const found = TOKEN.exec(source)
    if (!found) {
      const rest = source.slice(from)
      if (rest.trim() === '') break
      throw new FilterError('unexpected', rest.trim()[0] ?? '', from + rest.search(/\S/))
    }
    const at = TOKEN.lastIndex - found[0].trimStart().length
    const [, quoted, sign, word] = found
    // which escapes there are depends on Wireshark's version and on the operator
    if (quoted?.includes('\\')) throw new FilterError('backslash', quoted, at)
    out.push({ text: quoted ?? sign ?? word ?? '', at, kind: quoted !== undefined ? 'text' : sign ? 'sign' : 'word' })
  }
  out.push({ text: '', at: source.length, kind: 'end' })
  return out
}
