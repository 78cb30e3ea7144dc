import { LostError } from '@/connection'
import type { Editor } from '@/editor'

const LAST = 'vethboard.lab'

/** Open a lab when the list of labs is first known: that of the address, the last one, the first one; a new one where there is none. */
export function openFirstLab(editor: Editor): void {
  const { session } = editor
  const stop = session.labs.subscribe(() => {
    const labs = session.labs.get()
    if (labs === null) return
    stop()
    if (session.current.get() !== null) return
    const wanted = new URL(window.location.href).searchParams.get('lab') ?? localStorage.getItem(LAST)
    const first = labs.find((l) => l.lab === wanted) ?? labs[0]
    if (first) void session.open(first.lab)
    else void makeFirst(editor)
  })
  session.current.subscribe(() => remember(session.current.get()))
}

async function makeFirst(editor: Editor): Promise<void> {
  try {
    await editor.session.connection.request<'new'>({ type: 'new', lab: 'lab-1' }).done
    await editor.session.open('lab-1')
  } catch (error) {
    if (!(error instanceof LostError)) editor.fail(error)
  }
}

/** The address names the lab, so that a reload or a shared address opens the same one. */
function remember(lab: string | null): void {
  const url = new URL(window.location.href)
  if (lab === null) url.searchParams.delete('lab')
  else {
    url.searchParams.set('lab', lab)
    localStorage.setItem(LAST, lab)
  }
  window.history.replaceState(null, '', url)
  document.title = lab === null ? 'Vethboard' : `${lab} · Vethboard`
}
