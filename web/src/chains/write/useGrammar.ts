import { useEffect, useState } from 'react'
import { type Editor, useEditor } from '@/editor'
import type { Family } from '@/protocol'
import { Grammar } from '../model/grammar'

/** Asked once for each lab and family; a lab's iptables does not change while it runs. */
const asked = new WeakMap<Editor, Map<string, Promise<Grammar>>>()

function ask(editor: Editor, lab: string, family: Family): Promise<Grammar> {
  const known = asked.get(editor) ?? new Map<string, Promise<Grammar>>()
  asked.set(editor, known)
  const key = `${lab} ${family}`
  const found = known.get(key)
  if (found) return found
  const answer = editor.session.connection
    .request<'vocabulary'>({ type: 'vocabulary', lab, family })
    .done.then((vocabulary) => new Grammar(vocabulary))
  known.set(key, answer)
  answer.catch(() => known.delete(key))
  return answer
}

/** The matches and targets of the lab's iptables; null until they are loaded, or if they are unavailable. */
export function useGrammar(family: Family): Grammar | null {
  const editor = useEditor()
  const [grammar, setGrammar] = useState<Grammar | null>(null)
  useEffect(() => {
    let here = true
    const lab = editor.session.current.get() ?? ''
    ask(editor, lab, family).then(
      (found) => here && setGrammar(found),
      () => here && setGrammar(null),
    )
    return () => {
      here = false
    }
  }, [editor, family])
  return grammar
}
