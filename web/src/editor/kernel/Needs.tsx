import type { ReactNode } from 'react'
import { Gate, useValue } from '@/ui'
import { useAllowedTexts } from '../texts/allowed'
import { RANK } from './allowed'
import { useEditor } from './context'

/** Why this visit may not do what needs this, in a component; undefined where it may. */
export function useDenied(need: 'edit' | 'admin' = 'edit'): string | undefined {
  const { role } = useEditor().session
  const t = useAllowedTexts()
  return RANK[useValue(role)] >= RANK[need] ? undefined : t[need]
}

/** What is inside is for those whose token allows it; for others it is greyed, and says why. */
export function Needs({ what = 'edit', children }: { what?: 'edit' | 'admin'; children: ReactNode }) {
  return <Gate reason={useDenied(what)}>{children}</Gate>
}
