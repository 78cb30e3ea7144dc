/** What can be done with the rules and the chain of a list of rules, by its verbs. */
// biome-ignore format: one list
export const RULE_VERBS = [
  'add', 'addBelow', 'edit', 'duplicate', 'copy', 'up', 'down', 'remove', 'zero',
  'zeroChain', 'zeroTable', 'flush', 'flushTable', 'rename', 'removeChain',
] as const
export type RuleVerb = (typeof RULE_VERBS)[number]

/** What the actions need of the list that has (or had last) the focus. */
export interface RulesView {
  can(verb: RuleVerb): boolean
  run(verb: RuleVerb): void
}
