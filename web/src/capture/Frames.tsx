import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useAmounts } from '@/i18n/amounts'
import type { CaptureLive } from '@/protocol'
import { cx, Empty, rowHeight, useValue } from '@/ui'
import styles from './Capture.module.css'
import { Details } from './Details'
import type { CaptureModel } from './model'
import type { Row } from './store'
import { useCaptureTexts } from './texts'

const ROW = rowHeight(22)
/** The height of the head, which stays above the rows. */
const HEAD = 24
/** Lines are fetched from the worker in blocks of this many. */
const BLOCK = 100

/** The list of frames above, the layers and bytes of the chosen one below. */
export function Frames({ live, model }: { live: Required<CaptureLive>; model: CaptureModel }) {
  const t = useCaptureTexts()
  const counts = useValue(model.counts)
  const [chosen, choose] = useState<number | null>(null)
  if (counts.kept === 0) return <Empty>{t.none}</Empty>
  if (counts.shown === 0) return <Empty>{t.noneShown}</Empty>
  return (
    <div className={styles.frames}>
      <List live={live} model={model} shown={counts.shown} chosen={chosen} onChoose={choose} />
      {chosen !== null && <Details model={model} number={chosen} />}
    </div>
  )
}

function List({
  live,
  model,
  shown,
  chosen,
  onChoose,
}: {
  live: Required<CaptureLive>
  model: CaptureModel
  shown: number
  chosen: number | null
  onChoose: (number: number) => void
}) {
  const t = useCaptureTexts()
  const box = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState(0)
  const several = live.interfaces.length > 1
  const virtual = useVirtualizer({
    count: shown,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollPaddingEnd: HEAD,
  })
  const items = virtual.getVirtualItems()
  const rows = useRows(model, items[0]?.index ?? 0, (items.at(-1)?.index ?? 0) + 1)
  useNewest(box.current, shown, chosen === null)
  // the details take a part of the room when the first frame is chosen
  useEffect(() => {
    if (chosen !== null) virtual.scrollToIndex(at)
  }, [virtual, chosen, at])
  const move = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / ROW) - 1)
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -shown, End: shown }[event.key]
    if (by === undefined) return
    event.preventDefault()
    const next = Math.min(shown - 1, Math.max(0, chosen === null && by === 1 ? 0 : at + by))
    setAt(next)
    void model.ask<'rows'>({ do: 'rows', from: next, to: next + 1 }).then(([row]) => row && onChoose(row.number))
  }
  const columns = [
    t.number,
    t.time,
    ...(several ? [t.interface] : []),
    t.source,
    t.destination,
    t.protocol,
    t.length,
    t.info,
  ]
  return (
    <div
      ref={box}
      className={styles.list}
      role="listbox"
      aria-label={t.list}
      aria-activedescendant={chosen === null ? undefined : `frame-${chosen}`}
      tabIndex={0}
      onKeyDown={move}
    >
      <div className={cx(styles.row, styles.head)} role="presentation" data-several={several || undefined}>
        {columns.map((name) => (
          <span key={name}>{name}</span>
        ))}
      </div>
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="presentation">
        {items.map((item) => {
          const row = rows.get(item.index)
          return (
            row && (
              <Line
                key={item.key}
                top={item.start}
                row={row}
                several={several}
                chosen={row.number === chosen}
                onChoose={() => {
                  setAt(item.index)
                  onChoose(row.number)
                }}
              />
            )
          )
        })}
      </div>
    </div>
  )
}

function Line({
  top,
  row,
  several,
  chosen,
  onChoose,
}: {
  top: number
  row: Row
  several: boolean
  chosen: boolean
  onChoose: () => void
}) {
  const { exact, whole } = useAmounts()
  const cells = [row.number, exact(row.time, 6), ...(several ? [row.interface] : []), row.source, row.destination]
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the list box has the focus and the keys
    <div
      id={`frame-${row.number}`}
      className={styles.row}
      style={{ height: ROW, transform: `translateY(${top}px)` }}
      role="option"
      aria-selected={chosen}
      data-protocol={row.protocol}
      data-several={several || undefined}
      onClick={onChoose}
    >
      {[...cells, row.protocol, whole(row.length), row.info].map((cell, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its column
        <span key={i}>{cell}</span>
      ))}
    </div>
  )
}

/** The lines that are in view, from the worker; those of before stay until the new ones are there. */
function useRows(model: CaptureModel, from: number, to: number): ReadonlyMap<number, Row> {
  const version = useValue(model.version)
  const [rows, setRows] = useState<ReadonlyMap<number, Row>>(new Map())
  const [first, last] = [Math.floor(from / BLOCK) * BLOCK, Math.ceil(to / BLOCK) * BLOCK]
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version means other frames in the same lines
  useEffect(() => {
    let current = true
    void model.ask<'rows'>({ do: 'rows', from: first, to: last }).then((found) => {
      if (current) setRows(new Map(found.map((row, i) => [first + i, row])))
    })
    return () => {
      current = false
    }
  }, [model, version, first, last])
  return rows
}

/** Keeps the newest frame in view while the list is scrolled to its end and nothing is selected. */
function useNewest(box: HTMLDivElement | null, shown: number, follow: boolean): void {
  const atEnd = useRef(true)
  useEffect(() => {
    if (!box) return
    const look = (): void => {
      atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 2 * ROW
    }
    box.addEventListener('scroll', look, { passive: true })
    return () => box.removeEventListener('scroll', look)
  }, [box])
  // biome-ignore lint/correctness/useExhaustiveDependencies: more frames are the occasion
  useEffect(() => {
    if (box && follow && atEnd.current) box.scrollTop = box.scrollHeight
  }, [box, shown, follow])
}
