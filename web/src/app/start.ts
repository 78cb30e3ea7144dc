import type { Editor } from '@/editor'

const LAST = 'vethboard.lab'

/** Open a lab when the list of labs is first known: that of the address, the last one, the first one. Where there is none, the start screen stays. */
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
  })
  session.current.subscribe(() => remember(session.current.get()))
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
