import { Copy, CopyPlus, CornerRightDown, Pencil, Plus, RotateCcw, Trash2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { RULE_ACTIONS, type RuleVerb, shown, useEditorTexts } from '@/editor'
import type { MenuEntry } from '@/ui'
import { type About, type Deeds, ruleDeeds } from './ruleDeeds'
import type { ChainsTexts } from './texts'

/** The entry of an action, for the rules that the menu is about. */
export function ruleEntry(
  verb: RuleVerb,
  deeds: Deeds,
  more: Partial<NonNullable<MenuEntry>> = {},
  note = '',
): MenuEntry {
  const { id, label, shortcuts } = RULE_ACTIONS[verb]
  const deed = deeds[verb]
  return {
    key: id,
    label: label(useEditorTexts.now()) + note,
    ...(shortcuts?.[0] && { shortcut: shown(shortcuts[0]) }),
    disabled: deed === null,
    onSelect: () => void deed?.(),
    ...more,
  }
}

/** Everything that can be done with a rule, with the keys that do the same. */
export function ruleMenu(about: About, t: ChainsTexts): readonly MenuEntry[] {
  const { chain, chosen, actions, panel } = about
  const deeds = ruleDeeds(about)
  const entry = (verb: RuleVerb, icon?: ReactNode, danger = false): MenuEntry =>
    ruleEntry(verb, deeds, { ...(icon ? { icon } : {}), danger })
  const others = [...panel.tables.values()]
    .filter((one) => one.family === chain.family && one.table === chain.table)
    .flatMap((one) => [...one.builtIn, ...one.custom])
    .filter((one) => one.id !== chain.id)
  const icon = { size: 14, 'aria-hidden': true } as const
  return [
    entry('edit', <Pencil {...icon} />),
    entry('add', <Plus {...icon} />),
    entry('addBelow'),
    entry('duplicate', <CopyPlus {...icon} />),
    entry('copy', <Copy {...icon} />),
    null,
    entry('up'),
    entry('down'),
    ...others.map((to) => ({
      key: to.id,
      label: t.moveToChain(to.name),
      icon: <CornerRightDown {...icon} />,
      onSelect: () => void actions.moveTo(chain, to, chosen),
    })),
    null,
    entry('zero', <RotateCcw {...icon} />),
    entry('remove', <Trash2 {...icon} />, true),
  ]
}
