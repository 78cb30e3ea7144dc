/** The text of the document, kept the same as the lab in both directions. */

import type { EditorView } from '@codemirror/view'
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'
import { LostError } from '@/connection'
import { type Editor, useEditor } from '@/editor'
import { useValue } from '@/ui'
import { hunks, merge } from './lines'
import { useSourceTexts } from './texts'

/** Changes of the canvas come in bursts: the text follows once for each. */
const CALM_MS = 60

export interface Text {
  /** The text differs from what the lab is. */
  dirty: boolean
  /** The lab changed under the text: in other lines, or in the same ones (`theirs` is its text then). */
  meanwhile: 'merged' | { theirs: string } | null
  busy: boolean
  /** Call it for each change of the text. */
  changed(): void
  apply(): Promise<void>
  revert(): void
  keepMine(): void
}

export function useText(view: RefObject<EditorView | null>): Text {
  const editor = useEditor()
  const lab = useValue(editor.session.current)
  const [draft] = useState(() => editor.drafts.get(lab ?? ''))
  const [dirty, setDirty] = useState(draft !== undefined)
  const [meanwhile, setMeanwhile] = useState<Text['meanwhile']>(null)
  const [busy, setBusy] = useState(false)
  /** The lab's text when it was last read. */
  const base = useRef(draft?.base ?? '')

  const changed = useCallback(() => {
    const text = textIn(view)
    const differs = text !== base.current
    setDirty(differs)
    if (lab === null) return
    if (differs) editor.drafts.set(lab, { base: base.current, text })
    else editor.drafts.delete(lab)
  }, [editor, lab, view])

  const put = useCallback(
    (text: string) => {
      patch(view.current, text)
      base.current = text
      changed()
      setMeanwhile(null)
    },
    [view, changed],
  )

  const take = useCallback(
    (theirs: string) => {
      const mine = textIn(view)
      if (mine === base.current) {
        put(theirs)
        return
      }
      if (theirs === base.current) return
      const changes = merge(base.current, mine, theirs)
      if (changes === null) {
        setMeanwhile({ theirs })
        return
      }
      base.current = theirs
      view.current?.dispatch({ changes })
      setMeanwhile(textIn(view) === theirs ? null : 'merged')
      changed()
    },
    [view, put, changed],
  )

  useFollow(editor, lab, take)

  const apply = async (): Promise<void> => {
    setBusy(true)
    try {
      const document = textIn(view)
      await editor.request([{ do: 'apply-document', document }], useSourceTexts.now().applied)
      const { on } = editor.staging.state.get()
      if (!on && lab !== null) put(await fetchText(editor, lab))
    } catch (error) {
      editor.fail(error)
    } finally {
      setBusy(false)
    }
  }
  return {
    dirty,
    meanwhile,
    busy,
    changed,
    apply,
    revert: () => put(meanwhile !== null && meanwhile !== 'merged' ? meanwhile.theirs : base.current),
    keepMine: () => {
      if (meanwhile !== null && meanwhile !== 'merged') base.current = meanwhile.theirs
      setMeanwhile(null)
      changed()
    },
  }
}

const textIn = (view: RefObject<EditorView | null>): string => view.current?.state.doc.toString() ?? ''

/** Only what differs is changed, so that cursor, folds and history stay. */
function patch(view: EditorView | null, text: string): void {
  view?.dispatch({ changes: hunks(view.state.doc.toString(), text) })
}

async function fetchText(editor: Editor, lab: string): Promise<string> {
  return (await editor.session.connection.request<'export'>({ type: 'export', lab }).done).text
}

/** Hand each new text of the lab to `take`. */
function useFollow(editor: Editor, lab: string | null, take: (text: string) => void): void {
  useEffect(() => {
    if (lab === null) return
    let timer: ReturnType<typeof setTimeout> | undefined
    let asked = 0
    const ask = (): void => {
      asked += 1
      const mine = asked
      fetchText(editor, lab)
        .then((text) => mine === asked && take(text))
        // it is asked again when the connection is back and the lab is read anew
        .catch((error) => error instanceof LostError || editor.fail(error))
    }
    const later = (): void => {
      clearTimeout(timer)
      timer = setTimeout(ask, CALM_MS)
    }
    ask()
    const stop = editor.lab.document.subscribe(later)
    return () => {
      asked = Number.NaN
      clearTimeout(timer)
      stop()
    }
  }, [editor, lab, take])
}
