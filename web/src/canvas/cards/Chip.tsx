import { type CSSProperties, type MouseEvent, memo } from 'react'
import { useEditor } from '@/editor'
import { interfaceId, kindBadge } from '@/protocol'
import { type InterfaceView, useInterface } from '@/store'
import { cx, usePart } from '@/ui'
import { useCanvas } from '../input/context'
import type { ChipBox } from '../model/geometry'
import { shownIn } from '../model/shown'
import { type CanvasTexts, stateWord, useCanvasTexts } from '../texts/canvas'
import styles from './Chip.module.css'
import { MarkDot } from './MarkDot'
import { StateDot } from './StateDot'
import { useClosed, useIsFound, useStaged } from './shows'

const placeOf = ({ x, y, w, h }: Partial<ChipBox>): CSSProperties =>
  w === undefined ? {} : { left: x, top: y, width: w, height: h }

/** One interface. Dragging it moves that end; a click selects it. `form`: a row of a card, a bridge's port, or the small one of `lo`. */
export const Chip = memo(function Chip({
  chip,
  form,
}: {
  chip: Pick<ChipBox, 'ref'> & Partial<ChipBox>
  form: 'row' | 'port' | 'lo'
}) {
  const editor = useEditor()
  const { drags, dropEnd } = useCanvas()
  const t = useCanvasTexts()
  const { ref } = chip
  const view = useInterface(editor.lab, ref)
  const id = interfaceId(ref)
  const selected = usePart(editor.selection, (ids) => ids.has(id))
  const drifts = usePart(editor.lab.meta, (meta) => meta.drift.has(id))
  const staged = useStaged(id)
  const moving = usePart(drags.now, (drag) => drag?.load.kind === 'end' && drag.load.ref === ref)
  const closed = useClosed(ref)
  const found = useIsFound(id)
  const tint = usePart(shownIn(editor).subnets, ({ byRef }) => byRef.get(ref))
  if (!view) return null
  const click = (event: MouseEvent): void => {
    event.stopPropagation()
    if (drags.swallowsClick()) return
    const now = editor.selection.get()
    if (!event.shiftKey) editor.select([id])
    else editor.select(selected ? [...now].filter((other) => other !== id) : [...now, id])
  }
  return (
    <button
      type="button"
      className={cx('nodrag nopan', styles.chip, styles[form])}
      style={{ ...placeOf(chip), ...(tint === undefined ? {} : { '--net': `var(--net-${tint})` }) } as CSSProperties}
      data-id={id}
      data-state={view.state}
      data-selected={selected || undefined}
      data-moving={moving || undefined}
      data-found={found || undefined}
      data-net={tint}
      data-staged={staged}
      aria-pressed={selected}
      aria-label={t.interfaceName(view.name, view.namespace, stateWord(t, view.state), view.addresses.join(' '))}
      onPointerDown={(event) => {
        event.stopPropagation()
        drags.begin(event, { kind: 'end', ref }, (drag) => dropEnd(ref, drag.over))
      }}
      onClick={click}
    >
      <StateDot state={view.state} />
      <span className={styles.name}>{view.name}</span>
      <Badge view={view} />
      {closed && <span className={styles.badge}>{closed}</span>}
      <MarkDot id={id} />
      {drifts && <span className={styles.drift} title={t.drift} aria-hidden="true" />}
      {form === 'row' && <Addresses view={view} t={t} />}
    </button>
  )
})

function Addresses({ view, t }: { view: InterfaceView; t: CanvasTexts }) {
  const [first, ...more] = [...view.addresses].sort((a, b) => Number(a.includes(':')) - Number(b.includes(':')))
  if (first === undefined) return null
  return (
    <span className={styles.address}>
      <span className={styles.text}>{first}</span>
      {more.length > 0 && (
        <span className={styles.more} title={t.list(more.length)}>
          +{more.length}
        </span>
      )}
    </span>
  )
}

function Badge({ view }: { view: InterfaceView }) {
  const text = kindBadge(view.kind, view.desired)
  return text === '' ? null : <span className={styles.badge}>{text}</span>
}
