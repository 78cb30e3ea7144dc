import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { type Box, type Editor, useEditorTexts, useGestureTexts } from '@/editor'
import { type AnyCommand, isShape, placementId } from '@/protocol'
import { useValue } from '@/ui'
import type { Point } from '../model/anchors'
import { NO_OVERRIDES, type Override, type Overrides } from '../model/board'

/** How long, in ms, a local place is kept after the server accepted it, if the delta is missing. */
const CONFIRM_MS = 1000
/** Arrow keys come in bursts: one edit for each burst. */
const NUDGE_MS = 350

export interface Places {
  overrides: Overrides
  /** Nodes are under the pointer; places as in placements. */
  moving(places: ReadonlyMap<string, Point>): void
  /** They were let go: becomes an edit, called `label`, together with `more`. */
  place(places: ReadonlyMap<string, Point | Box>, label?: string, more?: readonly AnyCommand[]): void
  /** As `place`, but several in a row become one edit. */
  nudge(places: ReadonlyMap<string, Point>): void
  /** An area or a note has another size; `done`: becomes an edit. */
  resize(id: string, box: Box, done: boolean): void
  /** Draws these at the place in the document again. */
  forget(nodes: Iterable<string>): void
}

/** The edit that puts nodes there: areas and notes by record id. */
function placing(places: ReadonlyMap<string, Point>): AnyCommand {
  const all = [...places].map(([id, p]) => [id, [p.x, p.y]] as [string, [number, number]])
  return {
    do: 'place',
    positions: Object.fromEntries(all.filter(([id]) => !isShape(id))),
    shapes: Object.fromEntries(all.filter(([id]) => isShape(id))),
  }
}

/** Whether the document has the node where it was put. */
function arrived(editor: Editor, id: string, at: Override): boolean {
  const record = editor.lab.desired.get(isShape(id) ? id : placementId(id))
  if (record?.kind === 'placement') return record.x === at.x && record.y === at.y
  if (record?.kind !== 'area' && record?.kind !== 'note') return false
  const { x, y, w, h } = record
  return x === at.x && y === at.y && w === (at.w ?? w) && h === (at.h ?? h)
}

/** Places that are ahead of the server: shown at once, sent when let go, forgotten when confirmed or refused. */
export function usePlaces(editor: Editor): Places {
  const [overrides, setOverrides] = useState<Overrides>(NO_OVERRIDES)
  const confirmed = useValue(editor.lab.places)
  const waiting = useRef<{ places: Map<string, Point>; timer: ReturnType<typeof setTimeout> } | null>(null)

  const put = useCallback((places: ReadonlyMap<string, Point | Box>, moving: boolean) => {
    setOverrides((now) => {
      const next = new Map(now)
      for (const [node, at] of places) next.set(node, { ...at, moving })
      return next
    })
  }, [])

  const forget = useCallback((nodes: Iterable<string>) => {
    const gone = new Set(nodes)
    setOverrides((now) => new Map([...now].filter(([node]) => !gone.has(node))))
  }, [])

  const send = useCallback(
    async (
      places: ReadonlyMap<string, Point>,
      label = useEditorTexts.now().placed,
      more: readonly AnyCommand[] = [],
    ) => {
      const done = await editor.edit([placing(places), ...more], label, false)
      if (done) setTimeout(() => forget(places.keys()), CONFIRM_MS)
      else forget(places.keys())
    },
    [editor, forget],
  )

  const place = useCallback(
    (places: ReadonlyMap<string, Point | Box>, label?: string, more?: readonly AnyCommand[]) => {
      put(places, false)
      void send(places, label, more)
    },
    [put, send],
  )

  const resize = useCallback(
    (id: string, box: Box, done: boolean) => {
      put(new Map([[id, box]]), !done)
      const shape = editor.lab.desired.get(id)
      if (!done || (shape?.kind !== 'area' && shape?.kind !== 'note')) return
      const command: AnyCommand =
        shape.kind === 'area'
          ? { do: 'put-area', area: { ...shape, ...box } }
          : { do: 'put-note', note: { ...shape, ...box } }
      void editor.edit([command], useGestureTexts.now().resized(shape.name)).then((made) => made || forget([id]))
    },
    [editor, put, forget],
  )

  const collected = useCallback(() => {
    const due = waiting.current
    if (!due) return
    clearTimeout(due.timer)
    waiting.current = null
    void send(due.places)
  }, [send])

  useEffect(() => {
    editor.collected = collected
    return () => {
      collected()
      editor.collected = () => undefined
    }
  }, [editor, collected])

  const nudge = useCallback(
    (places: ReadonlyMap<string, Point>) => {
      put(places, false)
      if (waiting.current) clearTimeout(waiting.current.timer)
      const all = new Map([...(waiting.current?.places ?? []), ...places])
      waiting.current = { places: all, timer: setTimeout(collected, NUDGE_MS) }
    },
    [put, collected],
  )

  // biome-ignore lint/correctness/useExhaustiveDependencies: `confirmed` counts the changes of places in the store
  useEffect(() => {
    setOverrides((now) => {
      const open = [...now].filter(([node, at]) => at.moving || !arrived(editor, node, at))
      return open.length === now.size ? now : new Map(open)
    })
  }, [confirmed, editor])

  return useMemo(
    () => ({
      overrides,
      moving: (places: ReadonlyMap<string, Point>) => put(places, true),
      place,
      nudge,
      resize,
      forget,
    }),
    [overrides, put, place, nudge, resize, forget],
  )
}
