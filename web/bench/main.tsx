import '@fontsource-variable/inter'
import '@fontsource-variable/jetbrains-mono'
import '@/ui/tokens.css'
import '@/ui/base.css'
import { createRoot } from 'react-dom/client'
import { App } from '@/app/App'
import { Editor } from '@/editor'
import { Session } from '@/store'
import { at, drag, frames, free, zoom } from './measure'
import { LAB, Scene } from './scene'
import { BenchWire } from './wire'

const size = Number(new URL(window.location.href).searchParams.get('nodes') ?? 200)
const wire = new BenchWire(new Scene(size))
const session = new Session(wire)
const editor = new Editor(session)
const bench = {
  at,
  free,
  drag,
  zoom,
  editor,
  idle: (ms: number) => frames(ms, () => undefined),
  traffic: (on: boolean) => editor.view.update((view) => ({ ...view, traffic: on })),
  updates: (n: number) => wire.updates(n),
  drops: () => wire.drops,
  painted: 0,
}
Object.assign(window, { bench })

/** The snapshot is in the store; two frames later it is on the screen. */
const stop = editor.lab.meta.subscribe(() => {
  if (editor.lab.meta.get().info === null) return
  stop()
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      bench.painted = performance.now()
    }),
  )
})
session.connection.state.subscribe(() => {
  if (session.connection.state.get() === 'open') void session.open(LAB)
})
session.start()
const root = document.getElementById('root')
if (root) createRoot(root).render(<App editor={editor} />)
