import type { Hop, Journey } from '@/protocol'

/** The journey that is looked at: the panel, the canvas and the map of chains show the same hop of it. */
export interface JourneyView {
  journey: Journey
  /** What was predicted, where it is not what was seen. */
  expected: Journey | null
  /** Index into `journey.hops`; the last one and beyond: the verdict. */
  hop: number
  /** ms that a step takes on the canvas: short while it plays fast. */
  pace: number
  /** A hop as a sentence, in the language of now. */
  say: (hop: Hop) => string
}

export const PACE_MS = 900

/** The same view at another hop. */
export const atHop = (view: JourneyView, hop: number): JourneyView => ({
  ...view,
  hop: Math.min(Math.max(hop, 0), Math.max(0, view.journey.hops.length - 1)),
})
