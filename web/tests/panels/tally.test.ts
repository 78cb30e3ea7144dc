import { expect, test } from 'vitest'
import { tallyOf } from '@/panels/inspector/tally'
import { LabStore } from '@/store'
import { snapshot } from '../lab'

test('everything is counted; what lets nothing pass is named, but not lo', () => {
  const lab = new LabStore()
  lab.reset(snapshot())
  const before = tallyOf(lab)
  expect(before.namespaces).toBe(lab.scene.get().namespaces.size)
  expect(before.interfaces).toBe(lab.scene.get().interfaces.size)
  const [link] = lab.scene.get().links.values()
  const id = `link:${link?.a}`
  const live = lab.live.get(id)
  expect(live?.kind).toBe('link')
  if (live?.kind !== 'link') return
  const down = { ...live, up: false, carrier: false }
  lab.apply({ lab: 'x', revision: lab.revision.get() + 1, live: { updated: { [id]: [live, down] } } })
  expect(tallyOf(lab).notUp.map(({ ref }) => ref)).toContain(link?.a)
  expect(tallyOf(lab).notUp.map(({ name }) => name)).not.toContain('lo')
})
