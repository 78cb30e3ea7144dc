import { lazy } from 'react'
import { Canvas } from '@/canvas'
import { CommandDialogs } from '@/commands'
import { Dock } from '@/dock'
import { type Editor, EditorProvider } from '@/editor'
import { PanelDialogs, SidePanel, StartScreen } from '@/panels'
import { Tour } from '@/tour'
import { Announcer, TooltipProvider, usePart, useValue } from '@/ui'
import styles from './App.module.css'
import { Banner } from './Banner'
import { Toaster } from './Toaster'
import { TopBar } from './TopBar'
import { useAppTexts } from './texts'
import { useShortcuts } from './useShortcuts'

/** Loaded when a ping has failed. */
const Prediction = lazy(() => import('@/journey/Prediction'))

export function App({ editor }: { editor: Editor }) {
  return (
    <EditorProvider value={editor}>
      <TooltipProvider>
        <Frame editor={editor} />
        <Toaster />
        <PanelDialogs Prediction={Prediction} />
        <CommandDialogs />
        <Announcer />
      </TooltipProvider>
    </EditorProvider>
  )
}

function Frame({ editor }: { editor: Editor }) {
  const t = useAppTexts()
  useShortcuts(editor)
  const current = useValue(editor.session.current)
  const side = useValue(editor.side)
  const maximised = usePart(editor.dock, (dock) => dock.maximised && !dock.hidden)
  const beside = usePart(editor.dock, (dock) => dock.beside && !dock.hidden && dock.tabs.length > 0)
  const idle = usePart(editor.selection, (selected) => selected.size === 0) && side === 'inspector'
  const opened = usePart(editor.lab.meta, (meta) => meta.info !== null)
  return (
    <div className={styles.frame}>
      <TopBar />
      <Banner />
      <div className={styles.work} data-beside={beside || undefined}>
        <div className={styles.middle} hidden={maximised}>
          <main className={styles.canvas} aria-label={t.canvas}>
            {current === null ? <StartScreen /> : opened && <Canvas key={current} />}
            <Tour />
          </main>
          {current !== null && side !== null && !(beside && idle) && (
            <aside className={styles.side} data-idle={idle || undefined} aria-label={t.side}>
              <SidePanel />
            </aside>
          )}
        </div>
        {current !== null && opened && <Dock />}
      </div>
    </div>
  )
}
