import type { ReactNode } from 'react'
import { Gate } from '@/ui'
import { useDenied } from './allowed'

/** What is inside is for those whose token allows it; for others it is greyed, and says why. */
export function Needs({ what = 'edit', children }: { what?: 'edit' | 'admin'; children: ReactNode }) {
  return <Gate reason={useDenied(what)}>{children}</Gate>
}
