import { useCallback, useEffect, useRef, useState } from 'react'
import { atHop, type Editor, PACE_MS, useEditor } from '@/editor'
import { type Hop, interfaceId, type Journey } from '@/protocol'
import { useValue } from '@/ui'
import { namespacesOf } from './model'
import { useJourneyTexts } from './texts'
import { hopWords } from './words'

export const SPEEDS = [0.25, 0.5, 1, 2, 4] as const

export interface Player {
  hop: number
  playing: boolean
  speed: number
  go(hop: number): void
  play(on: boolean): void
  setSpeed(speed: number): void
}

/** Steps through the journey. The place is the editor's, so that the canvas and the map of chains are at the same hop. */
export function usePlayer(journey: Journey | null, expected: Journey | null, ended: boolean): Player {
  const editor = useEditor()
  const t = useJourneyTexts()
  const view = useValue(editor.journey)
  const [playing, setPlaying] = useState(true)
  const [speed, setSpeed] = useState(1)
  const hop = view?.hop ?? 0
  const last = Math.max(0, (journey?.hops.length ?? 1) - 1)

  // a journey that grows keeps its place; another one begins at its start
  useEffect(() => {
    if (!journey) return editor.journey.set(null)
    const now = editor.journey.get()
    const same = now?.journey.probe.nonce === journey.probe.nonce && now?.journey.predicted === journey.predicted
    const say = (hop: Hop): string => hopWords(t, hop)
    if (!same) bringIntoView(editor, journey)
    editor.journey.set({ journey, expected, hop: same ? Math.min(now?.hop ?? 0, last) : 0, pace: PACE_MS, say })
  }, [editor, journey, expected, last, t])
  useEffect(() => () => editor.journey.set(null), [editor])

  const pace = PACE_MS / speed
  useEffect(() => {
    if (!playing || !journey) return
    if (hop >= last) {
      if (ended) setPlaying(false)
      return
    }
    const timer = setTimeout(() => {
      editor.journey.update((now) => now && { ...atHop(now, now.hop + 1), pace })
    }, pace)
    return () => clearTimeout(timer)
  }, [editor, playing, journey, hop, last, pace, ended])

  // the view follows the step, once the journey as a whole was brought into view
  const followed = useRef('')
  const at = journey?.hops[hop]
  useEffect(() => {
    if (!at || !journey) return
    const step = `${journey.probe.nonce} ${hop}`
    if (hop > 0 && followed.current !== step) editor.viewport.get()?.follow(placeOf(at))
    followed.current = step
  }, [editor, at, journey, hop])

  const go = useCallback(
    (to: number) => {
      setPlaying(false)
      editor.journey.update((now) => now && { ...atHop(now, to), pace: PACE_MS / 2 })
    },
    [editor],
  )
  const play = useCallback(
    (on: boolean) => {
      if (on && (editor.journey.get()?.hop ?? 0) >= last) editor.journey.update((now) => now && atHop(now, 0))
      setPlaying(on)
    },
    [editor, last],
  )
  return { hop, playing, speed, go, play, setSpeed }
}

/** The record of where a hop happens. */
const placeOf = (hop: Hop): string =>
  hop.dev && ['in', 'out', 'bridge'].includes(hop.kind)
    ? interfaceId(`${hop.namespace}/${hop.dev}`)
    : `namespace:${hop.namespace}`

/** Brings all namespaces of the trace into view on the canvas. */
function bringIntoView(editor: Editor, journey: Journey): void {
  const viewport = editor.viewport.get()
  const boxes = namespacesOf(journey).flatMap((name) => viewport?.boxes().get(name) ?? [])
  if (!viewport || boxes.length === 0) return
  const [x, y] = [Math.min(...boxes.map((b) => b.x)), Math.min(...boxes.map((b) => b.y))]
  const [right, bottom] = [Math.max(...boxes.map((b) => b.x + b.w)), Math.max(...boxes.map((b) => b.y + b.h))]
  viewport.include({ x, y, w: right - x, h: bottom - y })
}
