import type { Around } from '../model/around'
import type { Parsed } from '../model/parts'

/** What every part of the form gets: the rule, what stands around it, and whom to tell its new text. */
export interface FormProps {
  parsed: Parsed
  around: Around
  onChange: (text: string) => void
}
