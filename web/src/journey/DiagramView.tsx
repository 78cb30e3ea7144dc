import { useMemo } from 'react'
import type { Journey } from '@/protocol'
import { diagramOf, HEAD } from './diagram'
import styles from './Journey.module.css'
import { useJourneyTexts } from './texts'
import type { Player } from './usePlayer'
import { hopWords } from './words'

/** The trace as a lane diagram. The list beside it has the same content as text, and the keyboard. */
export function DiagramView({ journey, player }: { journey: Journey; player: Player }) {
  const t = useJourneyTexts()
  const { width, height, lanes, points } = useMemo(() => diagramOf(journey), [journey])
  const at = points[player.hop]
  return (
    <div className={styles.diagram}>
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={t.diagram}>
        {lanes.map(({ name, x }) => (
          <g key={name}>
            <line className={styles.lane} x1={x} x2={x} y1={HEAD} y2={height} />
            <text className={styles.laneName} x={x} y={20} textAnchor="middle">
              {name}
            </text>
          </g>
        ))}
        <polyline className={styles.way} points={points.map((p) => `${p.x},${p.y}`).join(' ')} />
        {points.map((p, i) => {
          const hop = journey.hops[i]
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: for the pointer only, the list has the same steps for all
            <circle
              // biome-ignore lint/suspicious/noArrayIndexKey: a point is its hop
              key={i}
              className={styles.point}
              data-drop={p.drop || undefined}
              cx={p.x}
              cy={p.y}
              r={4}
              onClick={() => player.go(i)}
            >
              <title>{hop ? hopWords(t, hop) : ''}</title>
            </circle>
          )
        })}
        {at && <circle className={styles.here} style={{ transform: `translate(${at.x}px, ${at.y}px)` }} r={8} />}
      </svg>
    </div>
  )
}
