import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { CanvasDialogs } from '@/canvas/dialogs/CanvasDialogs'
import type { Wire } from '@/connection'
import { ADD_KIND, Editor, EditorProvider, runAction } from '@/editor'
import { language } from '@/i18n'
import { KindFields } from '@/panels/inspector/Kind'
import type { AnyCommand, AnyInterface, Edit, Json, Kind, ListLabs, Open, Problem } from '@/protocol'
import { Session } from '@/store'
import { TooltipProvider } from '@/ui'
import { INFO, snapshot } from '../lab'

afterEach(() => {
  cleanup()
  language.set('en')
})

const UNKNOWN: Problem = {
  code: 'refused',
  message: 'Unknown device type',
  subject: 'interface:ns0/eth0.10',
  hint: 'refused: ip link add',
}

/** An editor on a wire whose far end makes every interface but a vlan. */
async function opened(): Promise<{ editor: Editor; asked: AnyCommand[] }> {
  const asked: AnyCommand[] = []
  let tell: (event: string, text: string) => void = () => undefined
  const answer = (request: Edit | ListLabs | Open): object => {
    if (request.type === 'open') return { result: snapshot() }
    if (request.type === 'labs') return { result: { result: 'labs', labs: [INFO], role: 'admin' } }
    asked.push(...request.commands)
    const [command] = request.commands
    if (command?.do === 'add-interface' && command.interface.kind === 'vlan') return { problem: UNKNOWN }
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

function show(editor: Editor, what: ReactNode): void {
  render(
    <EditorProvider value={editor}>
      <TooltipProvider>{what}</TooltipProvider>
    </EditorProvider>,
  )
}

function add(editor: Editor, kind: Kind): void {
  const action = ADD_KIND.get(kind)
  if (action) runAction(action, editor)
  show(editor, <CanvasDialogs />)
}

const enter = (): void => {
  fireEvent.submit(screen.getByRole('dialog').querySelector('form') as HTMLFormElement)
}

test('a dummy needs no more than its name', async () => {
  const { editor, asked } = await opened()
  editor.select(['namespace:ns1'])
  add(editor, 'dummy')
  expect(screen.getByLabelText<HTMLInputElement>('Name').value).toBe('dummy0')
  enter()
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  expect(asked).toEqual([{ do: 'add-interface', interface: { kind: 'dummy', namespace: 'ns1', name: 'dummy0' } }])
  expect([...editor.selection.get()]).toEqual(['interface:ns1/dummy0'])
})

test('a vlan is on the interface that is selected, named after it; a refusal stays, in the kernel’s words', async () => {
  const { editor, asked } = await opened()
  editor.select(['interface:ns0/veth0'])
  add(editor, 'vlan')
  const [name, lower] = [
    screen.getByLabelText<HTMLInputElement>('Name'),
    screen.getByLabelText<HTMLSelectElement>('Parent interface'),
  ]
  expect([name.value, lower.value]).toEqual(['veth0.10', 'ns0/veth0'])
  fireEvent.change(lower, { target: { value: 'ns0/eth0' } })
  fireEvent.change(screen.getByLabelText('VLAN ID'), { target: { value: '20' } })
  expect(name.value).toBe('eth0.20')
  fireEvent.change(screen.getByLabelText('VLAN ID'), { target: { value: '' } })
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Add' }).disabled).toBe(true)
  fireEvent.change(screen.getByLabelText('VLAN ID'), { target: { value: '10' } })
  fireEvent.click(screen.getByLabelText('GVRP'))
  enter()
  expect((await screen.findByRole('alert')).textContent).toContain('Unknown device type')
  const vlan = { kind: 'vlan', namespace: 'ns0', name: 'eth0.10', parent: 'ns0/eth0', vid: 10, gvrp: true }
  expect(asked).toEqual([{ do: 'add-interface', interface: vlan }])
})

/** The form of an interface, and the changes that it asks for. */
async function form(record: AnyInterface): Promise<Record<string, Json>[]> {
  const { editor } = await opened()
  const changes: Record<string, Json>[] = []
  const set = async (change: Record<string, Json>): Promise<undefined> => {
    changes.push(change)
  }
  show(editor, <KindFields record={record} set={set} />)
  return changes
}

const VLAN: AnyInterface = { kind: 'vlan', namespace: 'ns0', name: 'eth0.10', parent: 'ns0/eth0', vid: 10 }

test('what is fixed can be read, what can be changed is a control of its type', async () => {
  const changes = await form(VLAN)
  const section = within(screen.getByRole('region', { name: 'VLAN settings' }))
  expect(section.getByRole('button', { name: 'ns0/eth0' })).toBeDefined()
  expect(section.queryByRole('textbox')).toBeNull()
  expect(section.getByText('VLAN ID').nextSibling?.textContent).toBe('10')
  expect(section.getByRole('switch', { name: 'Hide the tag (reorder_hdr)' }).getAttribute('aria-checked')).toBe('true')
  fireEvent.click(section.getByRole('switch', { name: 'MVRP' }))
  expect(changes).toEqual([{ mvrp: true }])
})

test('numbers have their range and unit, choices their values', async () => {
  const changes = await form({ kind: 'bridge', namespace: 'host', name: 'br0' })
  const age = screen.getByLabelText<HTMLInputElement>('Max age (s)')
  expect(age.value).toBe('20')
  expect(document.getElementById(age.getAttribute('aria-describedby') ?? '')?.textContent).toBe('6 to 40')
  fireEvent.change(age, { target: { value: '30' } })
  fireEvent.keyDown(age, { key: 'Enter' })
  cleanup()
  expect(changes).toEqual([{ max_age: 30 }])
  const mode = await form({ kind: 'macvlan', namespace: 'ns0', name: 'm0', parent: 'ns0/eth0' })
  fireEvent.change(screen.getByLabelText('Mode'), { target: { value: 'vepa' } })
  expect(mode).toEqual([{ mode: 'vepa' }])
})

test('the form is in Chinese too', async () => {
  language.set('zh-Hant')
  await form({ kind: 'bridge', namespace: 'host', name: 'br0' })
  expect(screen.getByRole('region', { name: '橋接器設定' })).toBeDefined()
  expect(screen.getByLabelText('最大存活（秒）')).toBeDefined()
})

test('a kind without fields of its own has no form', async () => {
  await form({ kind: 'ifb', namespace: 'ns0', name: 'ifb0' })
  expect(screen.queryByRole('region')).toBeNull()
})
