import { memo, useEffect, useMemo, useRef } from 'react'
import { type JourneyView, useEditor } from '@/editor'
import { cx, useValue } from '@/ui'
import type { Point } from '../model/anchors'
import type { Board } from '../model/board'
import { HopBoxes, missedOf, packetAt, wiresOf } from './hopBoxes'
import styles from './JourneyLayer.module.css'

/** The packet whose journey is looked at: where it is, where it came along, and what happens to it there. */
export function JourneyLayer({ board }: { board: Board }) {
  const view = useValue(useEditor().journey)
  return view && <Travel view={view} board={board} />
}

const calm = window.matchMedia?.('(prefers-reduced-motion: reduce)')
const SAMPLES = 16

const Travel = memo(function Travel({ view, board }: { view: JourneyView; board: Board }) {
  const { journey, expected, hop: at, pace } = view
  const hopBoxes = useMemo(() => new HopBoxes(board), [board])
  const hop = journey.hops[at]
  const box = hop ? hopBoxes.boxOf(hop) : null
  const wires = useMemo(() => wiresOf(hopBoxes, journey.hops, at), [hopBoxes, journey, at])
  const unseen = useMemo(
    () => expected && missedOf(hopBoxes, journey.hops, expected.hops),
    [hopBoxes, journey, expected],
  )
  if (!hop || !box) return null
  const ended = at === journey.hops.length - 1 && journey.verdict.cause !== 'running'
  const level = !ended ? 'step' : journey.verdict.cause === 'delivered' ? 'good' : 'bad'
  const arrived = journey.hops[at - 1]?.kind === 'out' && hop.kind === 'in'
  return (
    <div className={styles.layer} data-level={level} data-testid="journey">
      <svg className={styles.drawing} aria-hidden="true">
        {unseen?.wires.map((path) => (
          <path key={path} className={cx(styles.unseen, styles.unseenWay)} d={path} />
        ))}
        {unseen?.boxes.map(({ x, y, w, h }) => (
          <rect key={`${x} ${y}`} className={styles.unseen} x={x - 3} y={y - 3} width={w + 6} height={h + 6} rx={11} />
        ))}
        {wires.map((path) => (
          <path key={path} className={styles.way} d={path} />
        ))}
        <rect className={styles.here} x={box.x - 4} y={box.y - 4} width={box.w + 8} height={box.h + 8} rx={12} />
      </svg>
      <Packet to={packetAt(box)} along={arrived ? (wires.at(-1) ?? null) : null} pace={pace} />
      <p
        className={styles.said}
        data-above={['in', 'out', 'bridge'].includes(hop.kind) ? undefined : true}
        style={{ left: box.x, top: box.y }}
      >
        {view.say(hop)}
      </p>
    </div>
  )
})

/** The dot. It moves along the wire where it came by one, else straight. */
function Packet({ to, along, pace }: { to: Point; along: string | null; pace: number }) {
  const dot = useRef<HTMLDivElement>(null)
  const last = useRef<Point>(to)
  const { x, y } = to
  useEffect(() => {
    const from = last.current
    last.current = { x, y }
    const element = dot.current
    if (!element?.animate) return
    const points = along ? [from, ...sample(along), { x, y }] : [from, { x, y }]
    const duration = calm?.matches ? 0 : Math.min(along ? 900 : 350, pace * 0.8)
    const frames = points.map((p) => ({ transform: `translate(${p.x}px, ${p.y}px)` }))
    const animation = element.animate(frames, {
      duration,
      easing: along ? 'ease-in-out' : 'ease-out',
      fill: 'forwards',
    })
    return () => animation.cancel()
  }, [x, y, along, pace])
  return (
    <div ref={dot} className={styles.packet} style={{ transform: `translate(${x}px, ${y}px)` }}>
      <span className={styles.dot} />
    </div>
  )
}

function sample(path: string): Point[] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  element.setAttribute('d', path)
  const length = element.getTotalLength()
  return Array.from({ length: SAMPLES + 1 }, (_, i) => element.getPointAtLength((length * i) / SAMPLES))
}
