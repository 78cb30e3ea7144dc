import type { LinkState } from '@/store'
import styles from './StateDot.module.css'

/** The state of an interface as a shape: a full dot (up), an empty ring (down), a triangle (no carrier), a broken ring (not in the kernel). */
export function StateDot({ state, size = 9 }: { state: LinkState; size?: number }) {
  return (
    <svg className={styles[state]} width={size} height={size} viewBox="0 0 10 10" aria-hidden="true" focusable="false">
      <Shape state={state} />
    </svg>
  )
}

/** The shape alone, for a drawing of 10 × 10 units. */
function Shape({ state }: { state: LinkState }) {
  if (state === 'up') return <circle cx={5} cy={5} r={4} fill="currentColor" />
  if (state === 'no-carrier') return <path d="M5 1 9.4 8.8H.6Z" fill="currentColor" />
  return (
    <circle
      cx={5}
      cy={5}
      r={3.6}
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeDasharray={state === 'pending' ? '2.2 2.2' : undefined}
    />
  )
}
