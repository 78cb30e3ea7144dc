/** Rules on their way by mouse: within a list, or to the cell of another chain. */

import type { DragEvent } from 'react'
import type { ChainView } from './model/digest'

export interface Carried {
  from: ChainView
  numbers: readonly number[]
  /** What is done where they are dropped on another chain. */
  drop(to: ChainView): void
}

const TYPE = 'application/x-vethboard-rules'
let carried: Carried | null = null

/** Begin; only one drag is under way in a page. */
export function carry(event: DragEvent, what: Carried, text: string): void {
  carried = what
  event.dataTransfer.effectAllowed = 'move'
  event.dataTransfer.setData(TYPE, '')
  event.dataTransfer.setData('text/plain', text)
}

export const carriesRules = (event: DragEvent): boolean => event.dataTransfer.types.includes(TYPE)

export const carriedNow = (): Carried | null => carried

export function endCarry(): void {
  carried = null
}

/** They are dropped on a chain's cell. */
export function takeRules(event: DragEvent, to: ChainView): void {
  if (!carried || carried.from.id === to.id) return
  event.preventDefault()
  carried.drop(to)
  carried = null
}
