/** The tour of a new user: how far it is. What it shows stands in `src/tour`. */

import type { Action } from '../actions/action'
import type { Editor } from '../kernel/editor'
import { useAppActionTexts } from '../texts/app'
import { freeLab, makeLab } from './labs'

/** `lab`: the lab that is built on the way; `step` counts from 0. */
export interface TourState {
  lab: string
  step: number
  open: boolean
}

const KEY = 'vethboard.tour'

/** The tour that was left here, or is under way. */
export function storedTour(): TourState | null {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Partial<TourState> | null
    if (typeof stored?.lab !== 'string' || typeof stored.step !== 'number') return null
    return { lab: stored.lab, step: stored.step, open: stored.open === true }
  } catch {
    return null
  }
}

export function setTour(editor: Editor, tour: TourState | null): void {
  editor.tour.set(tour)
  if (tour === null) localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, JSON.stringify(tour))
}

/** Go on where it was left, in its lab; from the start where that lab is gone. Throws what `Editor.fail` takes. */
export async function startTour(editor: Editor): Promise<void> {
  const left = editor.tour.get()
  const labs = editor.session.labs.get() ?? []
  if (left && labs.some(({ lab }) => lab === left.lab)) {
    if (editor.session.current.get() !== left.lab) await editor.session.open(left.lab)
    setTour(editor, { ...left, open: true })
    return
  }
  const lab = freeLab(editor, 'first-steps')
  await makeLab(editor, lab)
  setTour(editor, { lab, step: 0, open: true })
}

/** It can be taken up again. */
export function leaveTour(editor: Editor): void {
  const tour = editor.tour.get()
  if (tour) setTour(editor, { ...tour, open: false })
}

export const tour: Action = {
  id: 'tour',
  group: 'app',
  label: () => useAppActionTexts.now().tour,
  help: (h) => h.tour,
  enabled: () => true,
  run: startTour,
}
