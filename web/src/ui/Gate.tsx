import type { ReactNode } from 'react'
import styles from './Gate.module.css'

/** Buttons and fields inside are greyed while there is a reason why not, which is their tooltip. */
export function Gate({ reason, children }: { reason: string | undefined; children: ReactNode }) {
  return (
    <fieldset className={styles.gate} disabled={reason !== undefined} title={reason}>
      {children}
    </fieldset>
  )
}
