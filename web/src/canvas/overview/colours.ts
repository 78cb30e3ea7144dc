/** The tokens as a `<canvas>` takes them. */

import type { LinkState } from '@/store'

const TOKENS = {
  canvas: '--canvas',
  surface: '--surface',
  surface2: '--surface-2',
  soft: '--accent-soft',
  line: '--line',
  strong: '--line-strong',
  text: '--text',
  dim: '--text-3',
  accent: '--accent',
  up: '--up',
  down: '--down',
  warn: '--warn',
  problem: '--problem',
  gray: '--colour-gray',
  red: '--colour-red',
  orange: '--colour-orange',
  yellow: '--colour-yellow',
  green: '--colour-green',
  teal: '--colour-teal',
  blue: '--colour-blue',
  violet: '--colour-violet',
  pink: '--colour-pink',
} as const

export type Colours = Record<keyof typeof TOKENS, string>

/** As they are now. A probe in the document resolves what depends on the theme. */
export function readColours(): Colours {
  const probe = document.createElement('span')
  probe.hidden = true
  document.body.append(probe)
  const out = Object.entries(TOKENS).map(([name, token]) => {
    probe.style.color = `var(${token})`
    return [name, getComputedStyle(probe).color]
  })
  probe.remove()
  return Object.fromEntries(out)
}

/** Calls back when the theme changes, by choice or by the system. */
export function watchColours(changed: () => void): () => void {
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'data-contrast'] })
  const queries = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)'].map((q) => window.matchMedia(q))
  for (const query of queries) query.addEventListener('change', changed)
  return () => {
    observer.disconnect()
    for (const query of queries) query.removeEventListener('change', changed)
  }
}

export const inkOf = (c: Colours, state: LinkState): string =>
  ({ up: c.up, down: c.down, 'no-carrier': c.warn, pending: c.down })[state]
