import type { ReactNode } from 'react'
import styles from './Empty.module.css'

/** A placeholder for an empty place, with what to do. */
export const Empty = ({ children }: { children: ReactNode }) => <p className={styles.empty}>{children}</p>
