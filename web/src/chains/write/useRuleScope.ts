import { useMemo } from 'react'
import { type ChainRef, usePanel, useTable } from '../context'
import type { RuleScope } from '../model/ruleScope'
import { useInterfaceNames } from '../useNames'
import { useGrammar } from './useGrammar'

/** What a rule at this place can name. */
export function useRuleScope({ family, table, name }: ChainRef): RuleScope {
  const { namespace } = usePanel()
  const { custom } = useTable(family, table)
  const interfaces = useInterfaceNames(namespace)
  const grammar = useGrammar(family)
  return useMemo(
    () => ({
      family,
      table,
      chain: name,
      chains: custom.map((c) => c.name).filter((c) => c !== name),
      interfaces,
      grammar,
    }),
    [family, table, name, custom, interfaces, grammar],
  )
}
