import { LostError, ProblemError } from '@/connection'
import { useEditorTexts } from '../texts/editor'

/** The message of a failed request in one line, with the path in the document where there is one. */
export function errorMessage(error: unknown): string {
  if (error instanceof ProblemError) {
    const { subject, message, hint } = error.problem
    const where = subject?.startsWith('$') ? `${subject}: ` : ''
    return where + [message, hint].filter(Boolean).join(' — ')
  }
  if (error instanceof LostError) {
    const t = useEditorTexts.now()
    return error.sent ? t.lostUnknown : t.notConnected
  }
  return String(error)
}
