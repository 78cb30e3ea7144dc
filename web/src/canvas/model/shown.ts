/** What is computed for the whole canvas and shown by its parts: labels and subnets, while they are wanted. */

import { useEffect } from 'react'
import type { Editor } from '@/editor'
import { nameOf } from '@/protocol'
import { cachedInterfaceView } from '@/store'
import { usePart, Value } from '@/ui'
import type { Board } from './board'
import { type Ends, placeLabels } from './endLabels'
import { Picture } from './picture'
import { NO_SUBNETS, type Subnets, subnetsOf } from './subnets'

interface Shown {
  labels: Value<ReadonlyMap<string, Ends>>
  subnets: Value<Subnets>
}

const NO_LABELS: ReadonlyMap<string, Ends> = new Map()
const all = new WeakMap<Editor, Shown>()

export function shownIn(editor: Editor): Shown {
  const known = all.get(editor)
  if (known) return known
  const made = { labels: new Value(NO_LABELS), subnets: new Value(NO_SUBNETS) }
  all.set(editor, made)
  return made
}

/** Changes come in bursts: looked at once, this long after the last, in ms. */
const CALM_MS = 120

/** Keep them up to date while they are shown. */
export function useShown(editor: Editor, board: Board): void {
  const labels = usePart(editor.view, (view) => view.labels)
  const rates = usePart(editor.view, (view) => view.traffic)
  const subnets = usePart(editor.view, (view) => view.subnets)
  useEffect(() => {
    const shown = shownIn(editor)
    if (!labels) shown.labels.set(NO_LABELS)
    if (!subnets) shown.subnets.set(NO_SUBNETS)
    if (!labels && !subnets) return
    const look = (): void => {
      if (subnets) shown.subnets.set(subnetsOf(editor.lab))
      if (labels) shown.labels.set(labelsOf(editor, board, rates))
    }
    let timer: ReturnType<typeof setTimeout> | undefined
    const later = (ids: Iterable<string>): void => {
      for (const id of ids) {
        if (!id.startsWith('link:') && !id.startsWith('interface:')) continue
        clearTimeout(timer)
        timer = setTimeout(look, CALM_MS)
        return
      }
    }
    look()
    const off = [editor.lab.live.watch(later), editor.lab.desired.watch(later)]
    return () => {
      clearTimeout(timer)
      for (const end of off) end()
    }
  }, [editor, board, labels, rates, subnets])
}

function labelsOf(editor: Editor, board: Board, rates: boolean): ReadonlyMap<string, Ends> {
  const picture = new Picture()
  picture.update(board)
  const textOf = (ref: string): readonly string[] => {
    const [address] = cachedInterfaceView(editor.lab, ref)?.addresses ?? []
    return address === undefined ? [nameOf(ref)] : [nameOf(ref), address]
  }
  return placeLabels(picture.lines, picture.nodes, textOf, rates)
}
