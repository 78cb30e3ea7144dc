import { useEffect, useState } from 'react'
import { useEditor } from '@/editor'
import type { Problem } from '@/protocol'
import { type ChainRef, usePanel } from '../context'

/** After a pause of so long, in ms, the lab's iptables is asked. */
const PAUSE = 400

/** The result of checking a text with the iptables of the lab. `text`: what was checked; `canonical`: how iptables-save would print it. */
export interface Checked {
  text: string
  canonical: string | null
  problem: Problem | null
}

/** Checks a rule while it is being written; null while there is no result for this text. `ask` false: there are local errors to fix first. */
export function useCheck(text: string, { family, table, name }: ChainRef, ask: boolean): Checked | null {
  const editor = useEditor()
  const { namespace } = usePanel()
  const [checked, setChecked] = useState<Checked | null>(null)
  useEffect(() => {
    if (!ask) return
    let here = true
    const timer = setTimeout(async () => {
      const lab = editor.session.current.get() ?? ''
      const asked = { type: 'check-rule' as const, lab, namespace, family, table, chain: name, rule: text }
      // If the check fails (the lab is not running), saving reports the error.
      const answer = await editor.session.connection.request<'check-rule'>(asked).done.catch(() => null)
      if (here && answer) setChecked({ text, canonical: answer.text, problem: answer.problem })
    }, PAUSE)
    return () => {
      here = false
      clearTimeout(timer)
    }
  }, [editor, namespace, family, table, name, text, ask])
  return checked?.text === text ? checked : null
}
