import type { Parsed } from '../model/parts'
import type { RuleScope } from '../model/ruleScope'

/** The props of every part of the form: the rule, its scope, and the callback for its new text. */
export interface FormProps {
  parsed: Parsed
  around: RuleScope
  onChange: (text: string) => void
}
