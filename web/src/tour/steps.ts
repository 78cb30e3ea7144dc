/** The steps of the tour, and when each is done: by the state of the kernel, not by clicks. Pure. */

import { HOST, namespaceOf } from '@/protocol'
import type { InterfaceView, Scene } from '@/store'

export const STEPS = ['namespace', 'second', 'link', 'address', 'ping', 'history', 'undo', 'end'] as const
export type StepName = (typeof STEPS)[number]

/** The action that the step is about: its button is pointed at. */
export const ACTION_OF: Readonly<Record<StepName, string | null>> = {
  namespace: 'add-namespace',
  second: 'add-namespace',
  link: 'add-link',
  address: null,
  ping: 'ping',
  history: 'history',
  undo: 'undo',
  end: null,
}

/** What is looked at. `live`: whether the kernel has this namespace. `pings`: answered since the step began. */
export interface TourContext {
  scene: Scene
  live: (namespace: string) => boolean
  view: (ref: string) => InterfaceView | undefined
  pings: number
  historyShown: boolean
  redo: boolean
}

export function isDone(step: StepName, seen: TourContext): boolean {
  const own = [...seen.scene.namespaces.keys()].filter((name) => name !== HOST && seen.live(name))
  switch (step) {
    case 'namespace':
      return own.length >= 1
    case 'second':
      return own.length >= 2
    case 'link':
      return pairs(seen).some((ends) => ends.every((view) => view.state === 'up'))
    case 'address':
      return pairs(seen).some((ends) => ends.every((view) => view.state === 'up' && view.addresses.length > 0))
    case 'ping':
      return seen.pings > 0
    case 'history':
      return seen.historyShown
    case 'undo':
      return seen.redo
    case 'end':
      return false
  }
}

/** Both ends of each link between two namespaces. */
const pairs = ({ scene, view }: TourContext): [InterfaceView, InterfaceView][] =>
  [...scene.links.values()].flatMap(({ a, b, kind }) => {
    const [one, other] = [view(a), view(b)]
    return one && other && kind === 'pair' && namespaceOf(a) !== namespaceOf(b) ? [[one, other]] : []
  })
