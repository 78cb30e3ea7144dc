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

/** Greys out its content, with the reason as a tooltip, if the token does not allow it. */
export function Needs({ what = 'edit', children }: { what?: 'edit' | 'admin'; children: ReactNode }) {
  return <Gate reason={useDenied(what)}>{children}</Gate>
}
