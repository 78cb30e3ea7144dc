/** Rules that can never match, analysed by the server; requested again shortly after the rules change. */

import { useEffect, useState } from 'react'
import { useEditor } from '@/editor'
import type { RuleNote } from '@/protocol'
import { useChains } from '@/store'
import type { ChainsTexts } from './texts'

const WAIT = 400

/** Chain id → rule number → its note; number 0 is the chain itself. */
export type Notes = ReadonlyMap<string, ReadonlyMap<number, RuleNote>>

export function useNotes(namespace: string, active: boolean): Notes {
  const editor = useEditor()
  const chains = useChains(editor.lab, namespace)
  const [notes, setNotes] = useState<Notes>(new Map())
  // biome-ignore lint/correctness/useExhaustiveDependencies: rules that have changed are looked at again
  useEffect(() => {
    if (!active) return
    let here = true
    const timer = setTimeout(async () => {
      const lab = editor.session.current.get() ?? ''
      const asked = editor.session.connection.request<'analyse'>({ type: 'analyse', lab, namespace }).done
      // Marks are a help: without them the rules are as good as before.
      const found = await asked.catch(() => undefined)
      if (here && found) setNotes(byChain(found.notes))
    }, WAIT)
    return () => {
      here = false
      clearTimeout(timer)
    }
  }, [editor, chains, namespace, active])
  return notes
}

function byChain(all: readonly RuleNote[]): Notes {
  const out = new Map<string, Map<number, RuleNote>>()
  for (const note of all) {
    const own = out.get(note.chain) ?? new Map<number, RuleNote>()
    out.set(note.chain, own)
    if (!own.has(note.rule)) own.set(note.rule, note)
  }
  return out
}

export function noteText(note: RuleNote, t: ChainsTexts): string {
  switch (note.reason) {
    case 'shadowed':
      return t.shadowed(note.by ?? 0)
    case 'after-end':
      return t.afterEnd(note.by ?? 0)
    case 'no-interface':
      return t.noInterface(note.interface ?? '')
    case 'unused':
      return t.unused
    default:
      return note.reason
  }
}
