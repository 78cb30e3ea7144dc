import { useCallback, useEffect, useRef, useState } from 'react'
import type { RuleVerb } from '@/editor'
import type { RuleVerbHandlers } from './ruleVerbs'

/** Runs verbs, one after the other. One that comes while the edit of another is under way waits for its end, and then means the rules as
 * they are and as they are selected after it. */
export function useInTurn(handlers: RuleVerbHandlers): (verb: RuleVerb) => void {
  const now = useRef(handlers)
  now.current = handlers
  const waiting = useRef<RuleVerb[]>([])
  const busy = useRef(false)
  const [ended, setEnded] = useState(0)
  const run = useCallback((verb: RuleVerb): void => {
    if (busy.current) {
      waiting.current.push(verb)
      return
    }
    const result = now.current[verb]?.()
    if (!(result instanceof Promise)) return
    busy.current = true
    void result.finally(() => setEnded((n) => n + 1))
  }, [])
  // an effect: by then the list has been rendered as the edit left it
  useEffect(() => {
    if (ended === 0) return
    busy.current = false
    while (!busy.current) {
      const next = waiting.current.shift()
      if (next === undefined) return
      run(next)
    }
  }, [ended, run])
  return run
}
