import { describe, expect, test } from 'vitest'
import { cachedInterfaceView, LabStore } from '@/store'
import { isDone, type TourContext } from '@/tour/steps'
import { snapshot } from '../lab'

function seen(change: (s: ReturnType<typeof snapshot>) => void = () => undefined): TourContext {
  const lab = new LabStore()
  const all = snapshot()
  change(all)
  lab.reset(all)
  return {
    scene: lab.scene.get(),
    live: (name) => lab.live.has(`netns:${name}`),
    view: (ref) => cachedInterfaceView(lab, ref),
    pings: 0,
    historyShown: false,
    redo: false,
  }
}

describe('a step of the tour is done when the kernel says so', () => {
  test('namespaces that are only wanted do not count', () => {
    const wanted = seen(({ live }) => {
      for (const name of ['ns1', 'ns2']) delete live[`netns:${name}`]
    })
    expect(isDone('namespace', wanted)).toBe(true)
    expect(isDone('second', wanted)).toBe(false)
    expect(isDone('second', seen())).toBe(true)
  })
  test('a link counts when both ends are up; then their addresses', () => {
    expect(isDone('link', seen())).toBe(true)
    expect(isDone('address', seen())).toBe(true)
    const down = seen(({ live }) => {
      for (const ref of ['ns0/veth0', 'ns0/eth0']) live[`link:${ref}`] = { ...live[`link:${ref}`], up: false } as never
    })
    expect(isDone('link', down)).toBe(false)
    const bare = seen(({ live }) => {
      for (const [id, one] of Object.entries(live)) if (one.kind === 'link') live[id] = { ...one, addresses: [] }
    })
    expect([isDone('link', bare), isDone('address', bare)]).toEqual([true, false])
  })
  test('a ping, the history, an undo', () => {
    expect(isDone('ping', { ...seen(), pings: 1 })).toBe(true)
    expect(isDone('history', { ...seen(), historyShown: true })).toBe(true)
    expect(isDone('undo', { ...seen(), redo: true })).toBe(true)
    expect(isDone('undo', seen())).toBe(false)
  })
})
