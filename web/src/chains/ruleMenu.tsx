import { Copy, CopyPlus, CornerRightDown, Pencil, Plus, RotateCcw, Trash2 } from 'lucide-react'
import type { Editor } from '@/editor'
import type { MenuEntry } from '@/ui'
import type { Panel } from './context'
import type { ChainView } from './model/digest'
import type { ChainsTexts } from './texts'
import type { RuleActions } from './useRuleActions'

export interface RuleMenu {
  chain: ChainView
  number: number
  /** The rules that it is about: those selected, where this one is among them. */
  numbers: readonly number[]
  actions: RuleActions
  panel: Panel
  editor: Editor
  edit: () => void
  t: ChainsTexts
}

/** Everything that can be done with a rule, with the keys that do the same. */
export function ruleMenu({ chain, number, numbers, actions, panel, edit, t }: RuleMenu): readonly MenuEntry[] {
  const last = chain.rules.length
  const first = Math.min(...numbers)
  const final = Math.max(...numbers)
  const others = [...panel.tables.values()]
    .filter((one) => one.family === chain.family && one.table === chain.table)
    .flatMap((one) => [...one.builtIn, ...one.custom])
    .filter((one) => one.id !== chain.id)
  const icon = { size: 14, 'aria-hidden': true } as const
  return [
    { key: 'edit', label: t.edit, icon: <Pencil {...icon} />, shortcut: 'Enter', onSelect: edit },
    {
      key: 'above',
      label: t.addHere,
      icon: <Plus {...icon} />,
      shortcut: 'Insert',
      onSelect: () => panel.write(chain, { kind: 'new', at: number }),
    },
    { key: 'below', label: t.addBelow, onSelect: () => panel.write(chain, { kind: 'new', at: number + 1 }) },
    {
      key: 'duplicate',
      label: t.duplicate,
      icon: <CopyPlus {...icon} />,
      shortcut: 'Ctrl+D',
      onSelect: () => void actions.duplicate(chain, numbers),
    },
    { key: 'copy', label: t.copyRule, icon: <Copy {...icon} />, onSelect: () => void actions.copy(chain, numbers) },
    null,
    {
      key: 'up',
      label: t.up,
      shortcut: 'Alt+↑',
      disabled: first <= 1,
      onSelect: () => void actions.move(chain, numbers, first - 1),
    },
    {
      key: 'down',
      label: t.down,
      shortcut: 'Alt+↓',
      disabled: final >= last,
      onSelect: () => void actions.move(chain, numbers, final + 2),
    },
    ...others.map((to) => ({
      key: to.id,
      label: t.moveToChain(to.name),
      icon: <CornerRightDown {...icon} />,
      onSelect: () => void actions.moveTo(chain, to, numbers),
    })),
    null,
    {
      key: 'zero',
      label: t.zeroRule,
      icon: <RotateCcw {...icon} />,
      onSelect: () => void actions.zero(chain, number),
    },
    {
      key: 'remove',
      label: t.remove,
      icon: <Trash2 {...icon} />,
      shortcut: 'Del',
      danger: true,
      onSelect: () => void actions.remove(chain, numbers),
    },
  ]
}
