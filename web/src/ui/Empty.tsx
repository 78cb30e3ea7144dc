import type { ReactNode } from 'react'
import styles from './Empty.module.css'

/** What stands where nothing is yet: it says what to do. */
export const Empty = ({ children }: { children: ReactNode }) => <p className={styles.empty}>{children}</p>
