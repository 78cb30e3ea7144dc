import { type Editor, openDock } from '@/editor'
import { personName } from '@/store'

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

/** Who works with others is asked once what to call them: with a link to a lab, and where somebody else has the lab open already. */
export function askName(editor: Editor): void {
  const stop = editor.lab.meta.subscribe(() => {
    const { info } = editor.lab.meta.get()
    if (info === null) return
    const alone = editor.session.role.get() === 'admin' && info.viewers <= 1
    if (personName.get() === null && !alone && editor.dialog.get() === null) editor.dialog.set({ kind: 'name' })
    stop()
  })
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

/** The web address may contain a trace: it is shown once the lab is open. */
export function openSharedJourney(editor: Editor): void {
  const shared = window.location.hash
  if (!shared.startsWith('#journey=')) return
  const stop = editor.lab.meta.subscribe(() => {
    if (editor.lab.meta.get().info === null) return
    stop()
    window.history.replaceState(null, '', window.location.pathname + window.location.search)
    openDock(editor, { kind: 'journey', shared })
  })
}
