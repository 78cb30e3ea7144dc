/** The tour of a new user: begun, gone on with, left. What it shows stands in `src/tour`. */

import type { Editor } from '../kernel/editor'
import { TOUR_KEY, type TourState } from '../state/tour'
import { freeLab, makeLab } from './labs'

export function setTour(editor: Editor, tour: TourState | null): void {
  editor.tour.set(tour)
  if (tour === null) localStorage.removeItem(TOUR_KEY)
  else localStorage.setItem(TOUR_KEY, JSON.stringify(tour))
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
