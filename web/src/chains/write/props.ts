import type { Parsed } from '../model/parts'
import type { RuleScope } from '../model/ruleScope'

/** What every part of the form gets: the rule, what stands around it, and whom to tell its new text. */
export interface FormProps {
  parsed: Parsed
  around: RuleScope
  onChange: (text: string) => void
}
