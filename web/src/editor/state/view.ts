/** What the canvas shows on demand; remembered for this browser. */

import { Value } from '@/ui/value'

export const VIEW_OPTIONS = ['traffic', 'subnets', 'labels', 'minimap'] as const
export type ViewOption = (typeof VIEW_OPTIONS)[number]
export type ViewOptions = Readonly<Record<ViewOption, boolean>>

export const LAYOUTS = ['layered', 'tree', 'force', 'circular', 'grid'] as const
/** How nodes are arranged: in layers along the links, as a tree, by attraction along links, in a circle, row by row. */
export type Layout = (typeof LAYOUTS)[number]

/** Places the selected nodes (all where less than two are): one edit, called `label`. */
export type Arrange = (layout: Layout, label: string) => Promise<void>

const KEY = 'vethboard.view'

export function viewOptions(): Value<ViewOptions> {
  const stored = (localStorage.getItem(KEY) ?? '').split(' ')
  const first = Object.fromEntries(VIEW_OPTIONS.map((option) => [option, stored.includes(option)]))
  const value = new Value(first as ViewOptions)
  value.subscribe(() => localStorage.setItem(KEY, VIEW_OPTIONS.filter((option) => value.get()[option]).join(' ')))
  return value
}
