/** Documents as text: they go to the server as they are, which has the one reader. */

import { ProblemError } from '@/connection'
import type { Problem } from '@/protocol'
import { useEditorTexts } from '../texts/editor'
import { errorMessage } from './errorMessage'

/** As `MAX_BYTES` of topology/document/jsontext.py: a longer one would not get through the connection. */
const MAX_BYTES = 8 * 1024 * 1024

/** The problem with the others that were found with it. */
export const allProblems = (problem: Problem): Problem[] => [problem, ...(problem.causes ?? []).flatMap(allProblems)]

/** Throws a `ProblemError` for a text, or a file that has not been read yet, that is too long to be sent. */
export function refuseTooLong(text: string | Blob): void {
  const bytes = typeof text !== 'string' ? text.size : text.length > MAX_BYTES ? text.length : new Blob([text]).size
  if (bytes <= MAX_BYTES) return
  const t = useEditorTexts.now()
  throw new ProblemError({
    code: 'limit',
    message: t.documentTooLong(MAX_BYTES / 1024 / 1024),
    subject: '$',
    hint: t.splitLab,
  })
}

/** A problem of a document in one line: line and column first. */
export function inDocument({ at, subject, message, hint }: Problem): string {
  const where = at ? `${at[0]}:${at[1]}: ` : ''
  const path = subject?.startsWith('$') && subject !== '$' ? `${subject}: ` : ''
  return where + path + [message, hint].filter(Boolean).join(' — ')
}

/** What there is to say of a failed request about a document: each problem in a line. */
export const allSaid = (error: unknown): string =>
  error instanceof ProblemError ? allProblems(error.problem).map(inDocument).join('\n') : errorMessage(error)
