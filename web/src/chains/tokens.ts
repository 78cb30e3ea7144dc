import { type Home, type Part, parse } from './model/parts'

export interface Token {
  kind: 'option' | 'value' | 'target' | 'drop' | 'accept' | 'not' | ''
  from: number
  to: number
}

/** Splits the text into tokens for colouring; joined they are the whole text. */
export function tokensOf(text: string): Token[] {
  const out: Token[] = []
  let at = 0
  const put = (kind: Token['kind'], from: number, to: number): void => {
    if (from > at) out.push({ kind: '', from: at, to: from })
    if (to > from) out.push({ kind, from, to })
    at = to
  }
  for (const part of parse(text).parts) {
    if (part.negated) put('not', part.start, part.start + 1)
    put('option', part.sign.start, part.sign.end)
    for (const value of part.values) put(kindOf(part, value.text), value.start, value.end)
  }
  put('', text.length, text.length)
  return out
}

/** Where what happens to the packet begins (`-j …`, `-g …`); the text's length where nothing does. */
export const targetAt = (text: string): number => parse(text).parts.find(isJump)?.start ?? text.length

const isJump = ({ home, option }: Part): boolean => isRule(home) && (option === 'jump' || option === 'goto')

const isRule = (home: Home): boolean => home.kind === 'rule'

function kindOf(part: Part, value: string): Token['kind'] {
  if (!isJump(part)) return 'value'
  if (value === 'DROP' || value === 'REJECT') return 'drop'
  return value === 'ACCEPT' ? 'accept' : 'target'
}
