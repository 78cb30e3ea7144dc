import type { Example } from '@/protocol'
import { announce } from '@/ui'
import type { Editor } from '../kernel/editor'
import { useEditorTexts } from '../texts/editor'

/** The first of `stem`, `stem-2`, … that no lab has. */
export function freeLab(editor: Editor, stem: string): string {
  const taken = new Set((editor.session.labs.get() ?? []).map(({ lab }) => lab))
  if (!taken.has(stem)) return stem
  let n = 2
  while (taken.has(`${stem}-${n}`)) n += 1
  return `${stem}-${n}`
}

/** Creates a live lab and opens it. Throws errors for `Editor.fail`. */
export async function makeLab(editor: Editor, lab: string, document?: Example['document']): Promise<void> {
  await editor.session.connection.request<'new'>({ type: 'new', lab, ...(document ? { document } : {}) }).done
  await editor.session.open(lab)
  announce(useEditorTexts.now().added(lab))
}
