/** The tour of a new user: how far it is. */

/** `lab`: the lab that is built on the way; `step` counts from 0. */
export interface TourState {
  lab: string
  step: number
  open: boolean
}

/** Where it is kept, in local storage. */
export const TOUR_KEY = 'vethboard.tour'

/** The tour that was left here, or is under way. */
export function storedTour(): TourState | null {
  try {
    const stored = JSON.parse(localStorage.getItem(TOUR_KEY) ?? 'null') as Partial<TourState> | null
    if (typeof stored?.lab !== 'string' || typeof stored.step !== 'number') return null
    return { lab: stored.lab, step: stored.step, open: stored.open === true }
  } catch {
    return null
  }
}
