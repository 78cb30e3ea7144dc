import { useEffect, useState } from 'react'
import { LostError } from '@/connection'
import type { Example } from '@/protocol'
import { useValue } from '@/ui'
import { useEditor } from '../kernel/context'
import { errorMessage } from './errorMessage'

/** The examples of the server, or the error message of the request. */
export function useExamples(): [readonly Example[], string | undefined] {
  const editor = useEditor()
  const wire = useValue(editor.session.connection.state)
  const [examples, setExamples] = useState<readonly Example[]>([])
  const [error, setError] = useState<string>()
  useEffect(() => {
    if (wire !== 'open') return
    editor.session.connection
      .request<'examples'>({ type: 'examples' })
      .done.then((found) => setExamples(found.examples))
      // asked again when the connection is back
      .catch((reason) => reason instanceof LostError || setError(errorMessage(reason)))
  }, [editor, wire])
  return [examples, error]
}
