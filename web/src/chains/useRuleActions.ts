/** Actions on rules and chains: each sends an edit that can be undone, and announces the result. */

import { useMemo } from 'react'
import { type Editor, useEditor } from '@/editor'
import type { Table } from '@/protocol'
import { announce } from '@/ui'
import { type Panel, usePanel } from './context'
import type { ChainView } from './model/digest'
import type { Policy } from './model/hooks'
import { asCommand, duplicateRules, followed, moveToChain, moveWithin, removeRules } from './model/ruleCommands'
import { type ChainsTexts, useChainsTexts } from './texts'

type Numbers = Iterable<number>

export interface RuleActions {
  remove(chain: ChainView, numbers: Numbers): Promise<boolean>
  duplicate(chain: ChainView, numbers: Numbers): Promise<boolean>
  /** In front of what is number `before` now. */
  move(chain: ChainView, numbers: Numbers, before: number): Promise<boolean>
  /** The numbers now of rules that were dragged when the chain was `before`. Tells of those that are gone. */
  followed(before: ChainView, chain: ChainView, numbers: Numbers): number[]
  moveTo(chain: ChainView, to: { table: Table; name: string }, numbers: Numbers): Promise<boolean>
  setPolicy(chain: ChainView, policy: Policy): Promise<boolean>
  flush(chain: ChainView, whole: boolean): Promise<boolean>
  removeChain(chain: ChainView): Promise<boolean>
  zero(chain: ChainView, what: 'table' | 'chain' | number): Promise<boolean>
  copy(chain: ChainView, numbers: Numbers): Promise<void>
}

export function useRuleActions(): RuleActions {
  const editor = useEditor()
  const panel = usePanel()
  const t = useChainsTexts()
  return useMemo(() => actionsOf(editor, panel, t), [editor, panel, t])
}

function actionsOf(editor: Editor, panel: Panel, t: ChainsTexts): RuleActions {
  const { namespace } = panel
  const edit = async (...asked: Parameters<Editor['edit']>): Promise<boolean> => Boolean(await editor.edit(...asked))
  const where = ({ family, table }: ChainView) => ({ namespace, family, table })
  const size = (numbers: Numbers): number => [...numbers].length
  return {
    remove: (chain, numbers) => edit(removeRules(namespace, chain, numbers), t.removed(size(numbers), chain.name)),
    duplicate: (chain, numbers) =>
      edit(duplicateRules(namespace, chain, numbers), t.duplicated(size(numbers), chain.name)),
    move: async (chain, numbers, before) => {
      const moves = moveWithin(namespace, chain, numbers, before)
      return moves.length > 0 && edit(moves, t.moved(size(numbers), chain.name))
    },
    followed: (before, chain, numbers) => {
      const next = followed(before.rules, chain.rules)
      const found = [...numbers].flatMap((n) => next(n) ?? [])
      const gone = size(numbers) - found.length
      if (gone > 0) editor.say('warning', t.draggedGone(gone))
      return found
    },
    moveTo: async (chain, to, numbers) =>
      size(numbers) > 0 && edit(moveToChain(namespace, chain, to, numbers), t.movedTo(size(numbers), to.name)),
    setPolicy: (chain, policy) =>
      edit([{ do: 'set-policy', ...where(chain), chain: chain.name, policy }], t.policySet(chain.name, policy)),
    flush: (chain, whole) =>
      whole
        ? edit([{ do: 'flush-table', ...where(chain) }], t.flushed(chain.table))
        : edit([{ do: 'flush-chain', ...where(chain), name: chain.name }], t.flushed(chain.name)),
    removeChain: async (chain) => {
      const done = await edit([{ do: 'remove-chain', ...where(chain), name: chain.name }], t.chainRemoved(chain.name))
      const first = panel.tables.get(`${chain.family}/${chain.table}`)?.builtIn[0]
      if (done && first) panel.go(first)
      return done
    },
    zero: (chain, what) => zero(editor, { ...where(chain), name: chain.name }, what, t),
    copy: async (chain, numbers) => {
      const lines = [...numbers].map((n) => asCommand(chain, chain.rules[n - 1] ?? ''))
      await navigator.clipboard.writeText(lines.join('\n'))
      announce(t.copied)
    },
  }
}

async function zero(
  editor: Editor,
  { name, ...where }: { namespace: string; family: ChainView['family']; table: Table; name: string },
  what: 'table' | 'chain' | number,
  t: ChainsTexts,
): Promise<boolean> {
  const lab = editor.session.current.get() ?? ''
  const chain = what === 'table' ? null : name
  const rule = typeof what === 'number' ? what : null
  try {
    await editor.session.connection.request<'zero-counters'>({ type: 'zero-counters', lab, ...where, chain, rule }).done
    announce(t.zeroed(what === 'table' ? where.table : rule === null ? name : `${name} ${rule}`))
    return true
  } catch (error) {
    editor.fail(error)
    return false
  }
}
