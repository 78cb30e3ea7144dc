import '@fontsource-variable/inter'
import '@fontsource-variable/jetbrains-mono'
import './ui/tokens.css'
import './ui/colours.css'
import './ui/base.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/App'
import { openFirstLab, openSharedJourney } from './app/start'
import { openSocket, takeToken } from './connection'
import { askBeforeLeaving, Editor } from './editor'
import { Session } from './store'

const AUTHOR = 'vethboard.author'

/** A name for this browser in the history of labs; the same at each visit. */
function author(): string {
  const known = localStorage.getItem(AUTHOR)
  if (known) return known
  const name = `browser-${Math.floor(Math.random() * 0xffff)
    .toString(16)
    .padStart(4, '0')}`
  localStorage.setItem(AUTHOR, name)
  return name
}

const me = author()
const session = new Session(openSocket(takeToken(), me))
const editor = new Editor(session, me)
openFirstLab(editor)
openSharedJourney(editor)
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
