import { allows, type Need } from '../kernel/allowed'
import type { Editor } from '../kernel/editor'
import { useAllowedTexts } from '../texts/allowed'
import type { EditorTexts } from '../texts/editor'
import type { HelpTexts } from '../texts/help'

/** The headings of actions in the list of shortcuts and in the command palette, in this order. */
export const ACTION_GROUPS = ['add', 'edit', 'select', 'tools', 'terminal', 'rules', 'lab', 'view', 'app'] as const
export type ActionGroup = (typeof ACTION_GROUPS)[number]

/** One verb: its menu entry, its shortcut, its palette line and its test are this object. */
export interface Action {
  id: string
  group: ActionGroup
  label: (t: EditorTexts) => string
  /** What it does, in one sentence, where the label does not say all. */
  help?: (t: HelpTexts) => string
  /** `Mod+Z`; the first is shown. */
  shortcuts?: readonly string[]
  /** Its shortcut also works in a field of one line. */
  inFields?: boolean
  /** Its key belongs to the browser, or to what has the focus: an event of theirs runs it. */
  native?: boolean
  /** What the token must allow; else that of its group. `canRun` asks for both. */
  needs?: Need
  enabled: (editor: Editor) => boolean
  run: (editor: Editor) => unknown
}

/** What an action needs that does not say it itself. */
const OF_GROUP: Readonly<Record<ActionGroup, Need>> = {
  add: 'edit',
  edit: 'edit',
  select: 'view',
  tools: 'edit',
  rules: 'edit',
  terminal: 'view',
  lab: 'view',
  view: 'view',
  app: 'view',
}

/** Whether an action can be run now. */
export const canRun = (action: Action, editor: Editor): boolean =>
  allows(editor, action.needs ?? OF_GROUP[action.group]) && action.enabled(editor)

/** Why this visit may not run it; undefined where it may. */
export function whyNot(action: Action, editor: Editor): string | undefined {
  const need = action.needs ?? OF_GROUP[action.group]
  return need === 'view' || allows(editor, need) ? undefined : useAllowedTexts.now()[need]
}

/** Run it where it is enabled; a failure becomes a toast. */
export function runAction(action: Action, editor: Editor): void {
  if (!canRun(action, editor)) return
  Promise.resolve(action.run(editor)).catch((error) => editor.fail(error))
}
