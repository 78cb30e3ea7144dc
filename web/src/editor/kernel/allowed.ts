/** What the token of this visit allows. The server decides (server/access.py); here it is only said beforehand. */

import { ProblemError } from '@/connection'
import { catalogue } from '@/i18n'
import { useValue } from '@/ui'
import type { Action, ActionGroup } from '../actions/action'
import { useEditor } from './context'
import type { Editor } from './editor'

/** What is needed to do something: a token to look, to edit, or the administrator's. */
export type Need = 'view' | 'edit' | 'admin'

const RANK: Readonly<Record<Need, number>> = { view: 0, edit: 1, admin: 2 }
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

export const useAllowedTexts = catalogue(
  {
    edit: 'Read-only: your token does not allow changes to this lab',
    admin: 'Only the administrator’s token allows this',
    hint: 'Ask the administrator of this server for another token.',
    watching: 'read-only',
    noneToWatch: (namespace: string) => `There is no terminal in ${namespace} to watch`,
  },
  {
    edit: '唯讀：您的權杖不允許變更此實驗室',
    admin: '只有管理員的權杖允許此操作',
    hint: '請向此伺服器的管理員索取其他權杖。',
    watching: '唯讀',
    noneToWatch: (namespace) => `${namespace} 中沒有可觀看的終端機`,
  },
)

export const allows = (editor: Editor, need: Need): boolean => RANK[editor.session.role.get()] >= RANK[need]

/** Whether an action can be run now. */
export const canRun = (action: Action, editor: Editor): boolean =>
  allows(editor, action.needs ?? OF_GROUP[action.group]) && action.enabled(editor)

/** Why this visit may not run it; undefined where it may. */
export function whyNot(action: Action, editor: Editor): string | undefined {
  const need = action.needs ?? OF_GROUP[action.group]
  return need === 'view' || allows(editor, need) ? undefined : useAllowedTexts.now()[need]
}

/** The same of anything that needs this, in a component. */
export function useDenied(need: 'edit' | 'admin' = 'edit'): string | undefined {
  const { role } = useEditor().session
  const t = useAllowedTexts()
  return RANK[useValue(role)] >= RANK[need] ? undefined : t[need]
}

/** What a request that is not allowed is refused with, before it is sent. */
export function denied(): ProblemError {
  const t = useAllowedTexts.now()
  return new ProblemError({ code: 'denied', message: t.edit, hint: t.hint })
}
