import { Copy, CopyPlus, CornerRightDown, Pencil, Plus, RotateCcw, Trash2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { RULE_ACTIONS, type RuleVerb, shown, useEditorTexts } from '@/editor'
import type { MenuEntry } from '@/ui'
import { type RuleVerbContext, type RuleVerbHandlers, ruleVerbHandlers } from './ruleVerbs'
import type { ChainsTexts } from './texts'

/** The entry of an action, for the rules that the menu is about. */
export function ruleEntry(
  verb: RuleVerb,
  handlers: RuleVerbHandlers,
  more: Partial<NonNullable<MenuEntry>> = {},
  note = '',
): MenuEntry {
  const { id, label, shortcuts } = RULE_ACTIONS[verb]
  const handler = handlers[verb]
  return {
    key: id,
    label: label(useEditorTexts.now()) + note,
    ...(shortcuts?.[0] && { shortcut: shown(shortcuts[0]) }),
    disabled: handler === null,
    onSelect: () => void handler?.(),
    ...more,
  }
}

/** Everything that can be done with a rule, with the keys that do the same. */
export function ruleMenu(about: RuleVerbContext, t: ChainsTexts): readonly MenuEntry[] {
  const { chain, chosen, actions, panel } = about
  const handlers = ruleVerbHandlers(about)
  const entry = (verb: RuleVerb, icon?: ReactNode, danger = false): MenuEntry =>
    ruleEntry(verb, handlers, { ...(icon ? { icon } : {}), danger })
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
