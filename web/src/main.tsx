import '@fontsource-variable/inter'
import '@fontsource-variable/jetbrains-mono'
import './ui/tokens.css'
import './ui/colours.css'
import './ui/base.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/App'
import { askName, openFirstLab, openSharedJourney } from './app/start'
import { openedByAdministrator, openSocket, takeToken } from './connection'
import { askBeforeLeaving, Editor } from './editor'
import { personName, Session } from './store'

const session = new Session(openSocket(takeToken(), () => personName.get() ?? ''))
session.labs.subscribe(() => session.role.get() === 'admin' && openedByAdministrator())
const editor = new Editor(session)
openFirstLab(editor)
openSharedJourney(editor)
askName(editor)
askBeforeLeaving(editor)
session.start()

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App editor={editor} />
    </StrictMode>,
  )
}
