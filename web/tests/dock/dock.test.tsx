import { render, screen } from '@testing-library/react'
import { Terminal } from 'lucide-react'
import { afterEach, expect, test, vi } from 'vitest'
import { Dock } from '@/dock'
import { closeDock, Editor, EditorProvider, openDock, toggleDock, updateDockTab } from '@/editor'
import { Session } from '@/store'
import { TooltipProvider } from '@/ui'

vi.mock('@/dock/kinds', async () => {
  const { lazy } = await import('react')
  const component = lazy(async () => ({ default: () => <p>drawn</p> }))
  return { KINDS: { chains: { icon: Terminal, title: () => 'Chains', component } } }
})

const wire = { listen: () => undefined, send: () => undefined, close: () => undefined }
const fresh = (): Editor => new Editor(new Session(wire))
afterEach(() => localStorage.clear())

test('the same thing has one tab; closing one brings its neighbour to the front', () => {
  const editor = fresh()
  const a = openDock(editor, { kind: 'chains', namespace: 'a' })
  const b = openDock(editor, { kind: 'chains', namespace: 'b' })
  expect(openDock(editor, { kind: 'chains', namespace: 'a' })).toBe(a)
  expect(editor.dock.get().tabs).toHaveLength(2)
  closeDock(editor, a)
  expect(editor.dock.get().active).toBe(b)
  closeDock(editor, b)
  expect(editor.dock.get().active).toBeNull()
})

test('each new terminal is another one', () => {
  const editor = fresh()
  const one = openDock(editor, { kind: 'terminal', namespace: 'a' })
  expect(openDock(editor, { kind: 'terminal', namespace: 'a' })).not.toBe(one)
})

test('a hidden dock keeps its tabs; opening something shows it', () => {
  const editor = fresh()
  openDock(editor, { kind: 'chains', namespace: 'a' })
  toggleDock(editor)
  expect(editor.dock.get().hidden).toBe(true)
  openDock(editor, { kind: 'chains', namespace: 'b' })
  expect(editor.dock.get().hidden).toBe(false)
})

test('tabs are found by role and name, and draw their panel', async () => {
  const editor = fresh()
  const id = openDock(editor, { kind: 'chains', namespace: 'ns0' })
  updateDockTab(editor, id, { title: 'Chains of ns0' })
  render(
    <EditorProvider value={editor}>
      <TooltipProvider>
        <Dock />
      </TooltipProvider>
    </EditorProvider>,
  )
  expect(screen.getByRole('tab', { name: 'Chains of ns0' }).getAttribute('aria-selected')).toBe('true')
  expect(await screen.findByText('drawn')).toBeTruthy()
})
