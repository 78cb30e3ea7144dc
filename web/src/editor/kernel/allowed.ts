/** What the token of this session allows. The server decides (server/access.py); the browser only shows it beforehand. */

import { ProblemError } from '@/connection'
import type { Session } from '@/store'
import { useAllowedTexts } from '../texts/allowed'

/** What is needed to do something: a token to look, to edit, or the administrator's. */
export type Need = 'view' | 'edit' | 'admin'

/** The more a token allows, the higher. */
export const RANK: Readonly<Record<Need, number>> = { view: 0, edit: 1, admin: 2 }

/** Whether the token that a session was opened with allows it. */
export const allows = ({ session }: { readonly session: Session }, need: Need): boolean =>
  RANK[session.role.get()] >= RANK[need]

/** What a request that is not allowed is refused with, before it is sent. */
export function denied(): ProblemError {
  const t = useAllowedTexts.now()
  return new ProblemError({ code: 'denied', message: t.edit, hint: t.hint })
}
