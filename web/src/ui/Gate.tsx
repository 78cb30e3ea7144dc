import type { ReactNode } from 'react'
import styles from './Gate.module.css'

/** Disables the buttons and fields inside while there is a reason, and shows it as a tooltip. */
export function Gate({ reason, children }: { reason: string | undefined; children: ReactNode }) {
  return (
    <fieldset className={styles.gate} disabled={reason !== undefined} title={reason}>
      {children}
    </fieldset>
  )
}
