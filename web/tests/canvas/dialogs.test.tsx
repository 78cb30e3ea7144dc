import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, test } from 'vitest'
import { CanvasDialogs } from '@/canvas/dialogs/CanvasDialogs'
import type { Wire } from '@/connection'
import { addLink, addNamespaceAction, Editor, EditorProvider, runAction } from '@/editor'
import type { AnyCommand, Edit, ListLabs, Open, Problem } from '@/protocol'
import { Session } from '@/store'
import { TooltipProvider } from '@/ui'
import { INFO, snapshot } from '../lab'

afterEach(cleanup)

const EXISTS: Problem = {
  code: 'exists',
  message: 'File exists',
  subject: 'namespace:ns0',
  hint: 'Choose another name',
}

/** An editor on a wire whose far end says yes to all edits but a second `ns0`. */
async function opened(): Promise<{ editor: Editor; asked: AnyCommand[] }> {
  const asked: AnyCommand[] = []
  let tell: (event: string, text: string) => void = () => undefined
  const answer = (request: Edit | ListLabs | Open): object => {
    if (request.type === 'open') return { result: snapshot() }
    if (request.type === 'labs') return { result: { result: 'labs', labs: [INFO], role: 'admin' } }
    asked.push(...request.commands)
    const [command] = request.commands
    if (command?.do === 'add-namespace' && command.name === 'ns0') return { problem: EXISTS }
    return { result: { result: 'done', revision: 2, steps: 1, deploy_seconds: 0, made: [] } }
  }
  const wire: Wire = {
    send: (_, text) => {
      const request = JSON.parse(String(text))
      queueMicrotask(() => tell('answer', JSON.stringify({ id: request.id, ...answer(request) })))
    },
    listen: (onEvent, onState) => {
      tell = (event, text) => onEvent(event, text)
      onState('open')
    },
    close: () => undefined,
  }
  const editor = new Editor(new Session(wire))
  editor.session.start()
  await editor.session.open('demo')
  return { editor, asked }
}

function show(editor: Editor): void {
  render(
    <EditorProvider value={editor}>
      <TooltipProvider>
        <CanvasDialogs />
      </TooltipProvider>
    </EditorProvider>,
  )
}

const enter = (): void => {
  fireEvent.submit(screen.getByRole('dialog').querySelector('form') as HTMLFormElement)
}

test('a namespace takes the proposed name; a name that exists is answered in the kernel’s words and stays open', async () => {
  const { editor, asked } = await opened()
  runAction(addNamespaceAction, editor)
  show(editor)
  const name = screen.getByLabelText<HTMLInputElement>('Name')
  expect(document.activeElement).toBe(name)
  expect(name.value).toBe('ns3')
  fireEvent.change(name, { target: { value: 'ns0' } })
  enter()
  expect((await screen.findByRole('alert')).textContent).toContain('File exists')
  fireEvent.change(name, { target: { value: 'ns3' } })
  enter()
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  expect(asked.at(-1)).toEqual({ do: 'add-namespace', name: 'ns3' })
  expect([...editor.selection.get()]).toEqual(['namespace:ns3'])
})

test('a link between the two that are selected proposes names and addresses', async () => {
  const { editor, asked } = await opened()
  editor.select(['namespace:ns0', 'namespace:ns2'])
  runAction(addLink, editor)
  show(editor)
  fireEvent.click(screen.getByRole('button', { name: 'Use 10.0.3.1/24' }))
  fireEvent.click(screen.getByRole('button', { name: 'Use 10.0.3.2/24' }))
  enter()
  await waitFor(() => expect(asked).toHaveLength(1))
  expect(asked[0]).toEqual({
    do: 'add-link',
    a: { namespace: 'ns0', name: 'veth1', addresses: ['10.0.3.1/24'] },
    b: { namespace: 'ns2', name: 'veth2', addresses: ['10.0.3.2/24'] },
  })
})
