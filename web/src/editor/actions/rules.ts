/** Actions on rules and chains. They are about the list of rules that has the focus, or had it last; its own keys are looked up here. */

import { RULE_VERBS, type RuleVerb } from '../state/rules'
import { useRuleTexts } from '../texts/rules'
import type { Action } from './action'

const SHORTCUTS: Readonly<Partial<Record<RuleVerb, readonly string[]>>> = {
  add: ['Insert'],
  edit: ['Enter', 'F2'],
  duplicate: ['Mod+D'],
  up: ['Alt+ArrowUp'],
  down: ['Alt+ArrowDown'],
  remove: ['Delete', 'Backspace'],
}

const ruleAction = (verb: RuleVerb): Action => ({
  id: `rules-${verb}`,
  group: 'rules',
  label: () => useRuleTexts.now()[verb],
  help: () => useRuleTexts.now()[`${verb}Help`],
  ...(SHORTCUTS[verb] ? { shortcuts: SHORTCUTS[verb] } : {}),
  native: true,
  enabled: (editor) => editor.rules.get()?.can(verb) ?? false,
  run: (editor) => editor.rules.get()?.run(verb),
})

/** By their verbs. */
export const RULE_ACTIONS = Object.fromEntries(RULE_VERBS.map((verb) => [verb, ruleAction(verb)])) as Readonly<
  Record<RuleVerb, Action>
>
