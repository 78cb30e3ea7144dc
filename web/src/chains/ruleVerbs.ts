import type { RuleVerb } from '@/editor'
import type { Panel } from './context'
import type { ChainView } from './model/digest'
import type { RuleActions } from './useRuleActions'

export interface RuleVerbContext {
  chain: ChainView
  /** The rule with the focus, or whose menu is open; undefined: the list is empty. */
  number: number | undefined
  /** The numbers of the selected rules. */
  chosen: readonly number[]
  /** A search hides some rules, so that the neighbours of a rule are not all visible. */
  filtered: boolean
  actions: RuleActions
  panel: Panel
  rename: () => void
  /** Called when rules were moved or deleted: `count` rules from number `first` on are to be selected. */
  after: (first: number, count: number) => void
}

export type RuleVerbHandlers = Readonly<Record<RuleVerb, (() => unknown) | null>>

/** The handler of each verb; null: not available now. */
export function ruleVerbHandlers({
  chain,
  number,
  chosen,
  filtered,
  actions,
  panel,
  rename,
  after,
}: RuleVerbContext): RuleVerbHandlers {
  const last = chain.rules.length
  const [first, final] = [Math.min(...chosen), Math.max(...chosen)]
  const some = chosen.length > 0
  const one = number !== undefined && number <= last
  const then = async (done: Promise<boolean>, at: number, count: number): Promise<void> => {
    if (await done) after(at, count)
  }
  const write = (at: number) => () => panel.write(chain, { kind: 'new', at: at > last ? null : at })
  return {
    add: write(number ?? last + 1),
    addBelow: one ? write(number + 1) : null,
    edit: one ? () => panel.write(chain, { kind: 'change', at: number, was: chain.rules[number - 1] ?? '' }) : null,
    duplicate: some ? () => actions.duplicate(chain, chosen) : null,
    copy: some ? () => actions.copy(chain, chosen) : null,
    up:
      some && !filtered && first > 1
        ? () => then(actions.move(chain, chosen, first - 1), first - 1, chosen.length)
        : null,
    down:
      some && !filtered && final < last
        ? () => then(actions.move(chain, chosen, final + 2), final + 2 - chosen.length, chosen.length)
        : null,
    remove: some ? () => then(actions.remove(chain, chosen), first, 1) : null,
    zero: one ? () => actions.zero(chain, number) : null,
    zeroChain: () => actions.zero(chain, 'chain'),
    zeroTable: () => actions.zero(chain, 'table'),
    flush: last > 0 ? () => actions.flush(chain, false) : null,
    flushTable: () => actions.flush(chain, true),
    rename: chain.builtIn ? null : rename,
    removeChain: chain.builtIn ? null : () => actions.removeChain(chain),
  }
}
