import { useCallback, useEffect, useMemo, useRef } from 'react'
import { type RulesView, type RuleVerb, useEditor } from '@/editor'
import { usePanel } from './context'
import type { RuleVerbHandlers } from './ruleVerbs'

/** While this list is on the page the actions on rules are about it, where no other had the focus later. `run` runs a verb of `handlers`.
 * Returns what to call when it has the focus. */
export function useRulesView(handlers: RuleVerbHandlers, run: (verb: RuleVerb) => void): () => void {
  const editor = useEditor()
  const { active } = usePanel()
  const now = useRef(handlers)
  now.current = handlers
  const view = useMemo<RulesView>(() => ({ can: (verb) => now.current[verb] !== null, run }), [run])
  useEffect(() => {
    if (!active) return
    editor.rules.update((known) => known ?? view)
    return () => editor.rules.update((known) => (known === view ? null : known))
  }, [editor, view, active])
  return useCallback(() => editor.rules.set(view), [editor, view])
}
