/** Starting, continuing and leaving the tour. What it shows is in `src/tour`. */

import type { Editor } from '../kernel/editor'
import { TOUR_KEY, type TourState } from '../state/tour'
import { freeLab, makeLab } from './labs'

export function setTour(editor: Editor, tour: TourState | null): void {
  editor.tour.set(tour)
  if (tour === null) localStorage.removeItem(TOUR_KEY)
  else localStorage.setItem(TOUR_KEY, JSON.stringify(tour))
}

/** Continues the tour in its lab, or from the start if that lab is gone. Throws errors for `Editor.fail`. */
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

/** Leaves the tour; it can be continued later. */
export function leaveTour(editor: Editor): void {
  const tour = editor.tour.get()
  if (tour) setTour(editor, { ...tour, open: false })
}
