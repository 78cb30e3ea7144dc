import { beforeEach, describe, expect, test, vi } from 'vitest'
import { askBeforeLeaving, Editor, redo, runAction, undo } from '@/editor'
import type { AnyCommand, AnyRecord, Diff } from '@/protocol'
import { LabStore, rememberSession, Session } from '@/store'
import { snapshot } from '../lab'

const namespace = (name: string): AnyRecord => ({ kind: 'namespace', name })
const add = (name: string): AnyCommand => ({ do: 'add-namespace', name })

/** A server that plans: each `add-namespace` adds its record; one named `bad` is refused. */
class Wire {
  asked: { id: string; type: string; commands: AnyCommand[]; dry_run?: boolean }[] = []
  private tell: (event: string, text: string) => void = () => undefined
  listen(onEvent: (event: string, text: string) => void, onState: (state: 'open') => void): void {
    this.tell = onEvent
    onState('open')
  }
  send(_: string, text: string): void {
    const asked = JSON.parse(text) as Wire['asked'][number]
    if (asked.type !== 'edit') return
    this.asked.push(asked)
    const names = asked.commands.flatMap((c) => (c.do === 'add-namespace' ? [c.name] : []))
    const diff: Diff<AnyRecord> = { added: Object.fromEntries(names.map((n) => [`namespace:${n}`, namespace(n)])) }
    const result = asked.dry_run
      ? { result: 'planned', steps: names, shell: names, diff, made: names.map((n) => `namespace:${n}`) }
      : { result: 'done', revision: 2, steps: names.length, deploy_seconds: 0, made: [] }
    const problem = names.includes('bad') ? { code: 'exists', message: 'File exists' } : undefined
    queueMicrotask(() =>
      this.tell('answer', JSON.stringify(problem ? { id: asked.id, problem } : { id: asked.id, result })),
    )
  }
  close(): void {}
}

let wire: Wire
let editor: Editor
const labels = (): string[] => editor.staging.state.get().edits.map((e) => e.label)
const done = (): Wire['asked'] => wire.asked.filter((a) => !a.dry_run)

beforeEach(() => {
  sessionStorage.clear()
  wire = new Wire()
  const session = new Session(wire)
  editor = new Editor(session)
  session.start()
  session.current.set('demo')
  editor.lab.reset(snapshot())
  editor.staging.switch(true)
})

test('undo asks once before it takes back what another person did', async () => {
  editor.staging.switch(false)
  editor.lab.reset({ ...snapshot(), can_undo: 'Added x', undo_by: 'Ann', undo_session: 'a1' })
  const run = async (): Promise<void> => {
    runAction(undo, editor)
    await vi.waitFor(() => expect(editor.busy.get()).toBe(0))
  }
  await run()
  expect(done()).toEqual([])
  expect(editor.toasts.get()[0]?.message).toContain('Ann')
  await run()
  expect(done().map((a) => a.commands)).toEqual([[{ do: 'undo' }]])
  expect(editor.toasts.get()).toEqual([])
  rememberSession('me')
  for (const session of [null, 'me']) {
    editor.lab.reset({ ...snapshot(), can_undo: 'Added x', undo_by: 'Ann', undo_session: session })
    await run()
  }
  expect(done()).toHaveLength(3)
})

describe('staging', () => {
  test('the browser asks before the page is left, only while something is unsaved', async () => {
    const stop = askBeforeLeaving(editor)
    const asks = (): boolean => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))
    expect(asks()).toBe(false)
    await editor.edit([add('one')], 'one')
    expect(asks()).toBe(true)
    editor.staging.discard()
    expect(asks()).toBe(false)
    editor.drafts.set('demo', { base: '{}', text: '{ }' })
    expect(asks()).toBe(true)
    stop()
    expect(asks()).toBe(false)
  })

  test('an edit waits, is drawn, and reaches the server with the others in one go', async () => {
    await editor.edit([add('one')], 'one')
    await editor.edit([add('two')], 'two')
    expect(done()).toEqual([])
    expect(labels()).toEqual(['one', 'two'])
    expect(editor.lab.scene.get().namespaces.has('two')).toBe(true)
    expect(editor.lab.overlay.marks.get().get('namespace:two')).toBe('added')
    await editor.staging.apply()
    expect(done().map((a) => a.commands)).toEqual([[add('one'), add('two')]])
    expect(labels()).toEqual([])
    expect(editor.lab.scene.get().namespaces.has('two')).toBe(false) // until the server says that it is there
  })
  test('what waits is there again when the page is loaded anew, each lab its own', async () => {
    await editor.edit([add('one')], 'one')
    const again = new Session(wire)
    const later = new Editor(again)
    again.current.set('demo')
    expect(later.staging.state.get()).toMatchObject({ on: true, edits: [{ label: 'one', commands: [add('one')] }] })
    again.current.set('other')
    expect(later.staging.state.get()).toMatchObject({ on: false, edits: [] })
    editor.staging.discard()
    editor.staging.switch(false)
    again.current.set('demo')
    expect(later.staging.state.get()).toMatchObject({ on: false, edits: [] })
  })
  test('one that cannot be done does not wait', async () => {
    await editor.edit([add('one')], 'one')
    await editor.edit([add('bad')], 'bad')
    expect(labels()).toEqual(['one'])
    expect(editor.toasts.get().at(-1)?.message).toBe('File exists')
  })
  test('each can be taken back, the newest by undo', async () => {
    for (const name of ['one', 'two', 'three']) await editor.edit([add(name)], name)
    runAction(undo, editor)
    expect(labels()).toEqual(['one', 'two'])
    editor.staging.remove(editor.staging.state.get().edits[0]?.id ?? 0)
    await vi.waitFor(() => expect([...editor.lab.overlay.marks.get().keys()]).toEqual(['namespace:two']))
    expect(done()).toEqual([])
    expect(redo.enabled(editor)).toBe(false)
  })
  test('places are no business of the kernel and do not wait', async () => {
    await editor.edit([{ do: 'place', positions: { ns0: [1, 2] } }], 'moved')
    expect(done()).toHaveLength(1)
    await editor.edit([add('one')], 'one')
    await editor.edit([{ do: 'place', positions: { one: [1, 2] } }], 'moved')
    expect(labels()).toEqual(['one', 'moved'])
  })
})

describe('the overlay', () => {
  test('what changes under it is seen when it is gone', () => {
    const lab = new LabStore()
    lab.reset(snapshot())
    const [one, two] = [namespace('ns0'), { ...namespace('ns0'), nsid: 7 } as AnyRecord]
    lab.stage({
      updated: { 'namespace:ns0': [one, { ...one, nsid: 3 } as AnyRecord] },
      removed: { 'namespace:ns1': namespace('ns1') },
    })
    expect(lab.desired.has('namespace:ns1')).toBe(false)
    lab.apply({ lab: 'demo', revision: 2, desired: { updated: { 'namespace:ns0': [one, two] } } })
    expect(lab.desired.get('namespace:ns0')).toMatchObject({ nsid: 3 })
    lab.stage(null)
    expect(lab.desired.get('namespace:ns0')).toMatchObject({ nsid: 7 })
    expect(lab.desired.has('namespace:ns1')).toBe(true)
    expect(lab.overlay.marks.get().size).toBe(0)
  })
})
