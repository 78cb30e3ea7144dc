/** What is wrong with a display filter. `missing`: the word is what should stand there. `reassembled`: a field whose value Wireshark takes
 * from several segments. */
export type Wrong =
  | 'missing'
  | 'unexpected'
  | 'unknown'
  | 'reassembled'
  | 'operator'
  | 'value'
  | 'pattern'
  | 'backslash'

/** A filter that is none, or that cannot be meant here as Wireshark means it. `at`: the offset of the word that is wrong. */
export class FilterError extends Error {
  readonly wrong: Wrong
  readonly word: string
  readonly at: number
  /** Of a value: its field. */
  readonly field: string
  constructor(wrong: Wrong, word: string, at: number, field = '') {
    super(`${wrong}: ${word}`)
    this.wrong = wrong
    this.word = word
    this.at = at
    this.field = field
  }
}
