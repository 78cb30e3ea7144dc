import { type ReactNode, type RefObject, useEffect, useState } from 'react'
import { type Editor, useEditor } from '@/editor'
import { useAmounts } from '@/i18n/amounts'
import { afterColon, isShape, kindOfId, netnsId } from '@/protocol'
import { flowOf, useInterface, useRecord } from '@/store'
import { usePart } from '@/ui'
import { drawnUnder } from '../input/drag'
import { recordsOf } from '../input/useNodeEvents'
import type { Point } from '../model/anchors'
import { stateWord, useCanvasTexts } from '../texts/canvas'
import { useOverlayTexts } from '../texts/overlays'
import styles from './HoverCard.module.css'

/** How long the pointer (or the focus) must rest, in ms. */
const REST_MS = 450
const AWAY = 14

interface Hovered {
  ids: readonly string[]
  at: Point
}

/** What lies under an element of the canvas, or under a point of it where all is one drawing, as record ids. */
function recordsAt(target: EventTarget | null, at?: Point): readonly string[] {
  if (!(target instanceof Element)) return []
  const found = at && drawnUnder(target, at)
  if (found) return recordsOf([found]).filter((id) => !isShape(id))
  const ends = target.closest<SVGElement>('[data-ends]')?.dataset.ends?.split(' ')
  const id = target.closest<HTMLElement>('[data-id^="namespace:"], [data-id^="interface:"]')?.dataset.id
  return ends ?? (id === undefined ? [] : [id])
}

/** The facts of what the pointer or the focus rests on, beside it; gone with the next key or press. */
export function HoverCard({ area }: { area: RefObject<HTMLElement | null> }) {
  const [shown, setShown] = useState<Hovered | null>(null)
  useEffect(() => (area.current ? watch(area.current, setShown) : undefined), [area])
  if (!shown) return null
  const right = shown.at.x > window.innerWidth - 370
  const low = shown.at.y > window.innerHeight - 230
  return (
    <div
      role="tooltip"
      className={styles.card}
      style={{
        [right ? 'right' : 'left']: right ? window.innerWidth - shown.at.x + AWAY : shown.at.x + AWAY,
        [low ? 'bottom' : 'top']: low ? window.innerHeight - shown.at.y + AWAY : shown.at.y + AWAY,
      }}
    >
      <Facts ids={shown.ids} />
    </div>
  )
}

function watch(area: HTMLElement, show: (now: Hovered | null) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = ''
  const hide = (): void => {
    clearTimeout(timer)
    over = ''
    show(null)
  }
  const rest = (ids: readonly string[], at: Point): void => {
    clearTimeout(timer)
    timer = setTimeout(() => show({ ids, at }), REST_MS)
  }
  const move = (e: PointerEvent): void => {
    const ids = e.buttons === 0 && e.pointerType !== 'touch' ? recordsAt(e.target, { x: e.clientX, y: e.clientY }) : []
    if (ids.join(' ') !== over) hide()
    over = ids.join(' ')
    if (ids.length > 0) rest(ids, { x: e.clientX, y: e.clientY })
  }
  const focus = (e: FocusEvent): void => {
    const ids = recordsAt(e.target)
    if (ids.length === 0 || !(e.target as Element).matches(':focus-visible')) return
    const box = (e.target as Element).getBoundingClientRect()
    rest(ids, { x: box.right, y: box.bottom })
  }
  area.addEventListener('pointermove', move)
  area.addEventListener('focusin', focus)
  const ends = ['pointerleave', 'pointerdown', 'wheel', 'focusout'] as const
  for (const type of ends) area.addEventListener(type, hide, true)
  // before those who walk on by this key
  window.addEventListener('keydown', hide, true)
  return () => {
    hide()
    area.removeEventListener('pointermove', move)
    area.removeEventListener('focusin', focus)
    for (const type of ends) area.removeEventListener(type, hide, true)
    window.removeEventListener('keydown', hide, true)
  }
}

function Facts({ ids }: { ids: readonly string[] }) {
  const editor = useEditor()
  const [first = '', second] = ids
  if (kindOfId(first) === 'namespace') return <NamespaceFacts editor={editor} name={afterColon(first)} />
  return (
    <>
      <InterfaceFacts editor={editor} of={afterColon(first)} />
      {second !== undefined && <InterfaceFacts editor={editor} of={afterColon(second)} />}
    </>
  )
}

type Row = readonly [string, ReactNode]

function Rows({ title, rows }: { title: string; rows: readonly Row[] }) {
  return (
    <>
      <h3 className="mono">{title}</h3>
      <dl>
        {rows
          .filter(([, value]) => value !== undefined && value !== null && value !== '')
          .map(([name, value]) => (
            <Pair key={name} name={name} value={value} />
          ))}
      </dl>
    </>
  )
}

const Pair = ({ name, value }: { name: string; value: ReactNode }) => (
  <>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </>
)

function InterfaceFacts({ editor, of }: { editor: Editor; of: string }) {
  const [t, ct] = [useOverlayTexts(), useCanvasTexts()]
  const view = useInterface(editor.lab, of)
  const own = useRecord(editor.lab.rates, of)
  const other = useRecord(editor.lab.rates, view?.live?.peer ?? '')
  const drifts = usePart(editor.lab.meta, (meta) => meta.drift.has(`interface:${of}`))
  const { bits } = useAmounts()
  if (!view) return null
  const { live, desired } = view
  const flow = flowOf(own, other)
  const rows: Row[] = [
    [t.state, `${stateWord(ct, view.state)}${live ? ` (${live.operstate})` : ''}`],
    [t.kind, view.kind],
    [t.addresses, view.addresses.join(' ')],
    [t.mac, live?.mac ?? desired?.mac],
    [t.mtu, live?.mtu ?? desired?.mtu],
    [t.peer, live?.peer],
    [t.master, live?.master ?? desired?.master],
    [t.parent, live?.parent],
    [t.stp, live?.port_state],
    [t.rates, flow && `↑ ${bits(flow.out)}  ↓ ${bits(flow.back)}`],
    [t.differs, drifts ? t.differsYes : undefined],
    ['', live?.note],
  ]
  return <Rows title={of} rows={rows} />
}

function NamespaceFacts({ editor, name }: { editor: Editor; name: string }) {
  const t = useOverlayTexts()
  const record = useRecord(editor.lab.live, netnsId(name))
  const inside = usePart(
    editor.lab.scene,
    ({ interfaces }) => [...interfaces.values()].filter((i) => i.namespace === name).length,
  )
  const drifts = usePart(editor.lab.meta, (meta) => meta.drift.has(`namespace:${name}`))
  const live = record?.kind === 'netns' ? record : undefined
  const forwards = live?.sysctls?.['net.ipv4.ip_forward'] === '1'
  const rows: Row[] = [
    [t.interfaces, inside],
    [t.routes, live?.routes?.length],
    [t.router, forwards ? t.yes : undefined],
    ['inode', live?.inode],
    [t.differs, drifts ? t.differsYes : undefined],
  ]
  return <Rows title={name} rows={rows} />
}
