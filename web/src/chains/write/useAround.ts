import { useMemo } from 'react'
import { type Spot, usePanel, useTable } from '../context'
import type { Around } from '../model/around'
import { useInterfaceNames } from '../useNames'
import { useGrammar } from './useGrammar'

/** What a rule at this place can name. */
export function useAround({ family, table, name }: Spot): Around {
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
