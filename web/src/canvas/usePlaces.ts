import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { type Editor, useEditorTexts } from '@/editor'
import { placementId } from '@/protocol'
import { useValue } from '@/ui'
import type { Point } from './anchors'
import { NO_OVERRIDES, type Overrides } from './board'

/** How long after the server said yes a place of ours may outlive the missing delta. */
const CONFIRM_MS = 1000
/** Arrow keys come in bursts: one edit for each burst. */
const NUDGE_MS = 350

export interface Places {
  overrides: Overrides
  /** Nodes are under the pointer; places as in placements. */
  moving(places: ReadonlyMap<string, Point>): void
  /** They were let go: becomes an edit. */
  place(places: ReadonlyMap<string, Point>): void
  /** As `place`, but several in a row become one edit. */
  nudge(places: ReadonlyMap<string, Point>): void
  /** Draw these where the document says again. */
  forget(nodes: Iterable<string>): void
}

/** Places that are ahead of the server: shown at once, sent when let go, forgotten when confirmed or refused. */
export function usePlaces(editor: Editor): Places {
  const [overrides, setOverrides] = useState<Overrides>(NO_OVERRIDES)
  const confirmed = useValue(editor.lab.places)
  const waiting = useRef<{ places: Map<string, Point>; timer: ReturnType<typeof setTimeout> } | null>(null)

  const put = useCallback((places: ReadonlyMap<string, Point>, moving: boolean) => {
    setOverrides((now) => {
      const next = new Map(now)
      for (const [node, { x, y }] of places) next.set(node, { x, y, moving })
      return next
    })
  }, [])

  const forget = useCallback((nodes: Iterable<string>) => {
    const gone = new Set(nodes)
    setOverrides((now) => new Map([...now].filter(([node]) => !gone.has(node))))
  }, [])

  const send = useCallback(
    async (places: ReadonlyMap<string, Point>) => {
      const positions = Object.fromEntries([...places].map(([node, p]) => [node, [p.x, p.y] as [number, number]]))
      const done = await editor.edit([{ do: 'place', positions }], useEditorTexts.now().placed, false)
      if (done) setTimeout(() => forget(places.keys()), CONFIRM_MS)
      else forget(places.keys())
    },
    [editor, forget],
  )

  const place = useCallback(
    (places: ReadonlyMap<string, Point>) => {
      put(places, false)
      void send(places)
    },
    [put, send],
  )

  const nudge = useCallback(
    (places: ReadonlyMap<string, Point>) => {
      put(places, false)
      if (waiting.current) clearTimeout(waiting.current.timer)
      const all = new Map([...(waiting.current?.places ?? []), ...places])
      const timer = setTimeout(() => {
        waiting.current = null
        void send(all)
      }, NUDGE_MS)
      waiting.current = { places: all, timer }
    },
    [put, send],
  )

  // biome-ignore lint/correctness/useExhaustiveDependencies: `confirmed` counts the changes of places in the store
  useEffect(() => {
    setOverrides((now) => {
      const open = [...now].filter(([node, at]) => {
        const record = editor.lab.desired.get(placementId(node))
        return at.moving || record?.kind !== 'placement' || record.x !== at.x || record.y !== at.y
      })
      return open.length === now.size ? now : new Map(open)
    })
  }, [confirmed, editor])

  return useMemo(
    () => ({ overrides, moving: (places: ReadonlyMap<string, Point>) => put(places, true), place, nudge, forget }),
    [overrides, put, place, nudge, forget],
  )
}
