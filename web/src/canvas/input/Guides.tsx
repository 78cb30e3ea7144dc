import { useValue } from '@/ui'
import { useCanvas } from './context'
import styles from './Guides.module.css'

/** The lines on which what is being moved stands with its neighbours; in canvas units. */
export function Guides() {
  const { move } = useCanvas()
  const guides = useValue(move.guides)
  if (guides.length === 0) return null
  return (
    <svg className={styles.guides} data-testid="guides" aria-hidden="true">
      {guides.map(({ axis, at, from, to }) => (
        <path
          key={`${axis}${at}`}
          d={axis === 'x' ? `M${at} ${from}V${to}` : `M${from} ${at}H${to}`}
          vectorEffect="non-scaling-stroke"
        />
      ))}
    </svg>
  )
}
