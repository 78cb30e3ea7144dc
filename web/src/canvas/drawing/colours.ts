/** The design tokens as colours for a `<canvas>`. */

import type { LinkState } from '@/store'
import { COLOURS } from '../model/subnets'

const TOKENS = {
  canvas: '--canvas',
  surface: '--surface',
  surface2: '--surface-2',
  host: '--host',
  hostLine: '--host-line',
  onAccent: '--on-accent',
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

/** `nets`: the colours of subnets. */
export type Colours = Record<keyof typeof TOKENS, string> & { nets: readonly string[] }

/** As they are now. A probe in the document resolves what depends on the theme. */
export function readColours(): Colours {
  const probe = document.createElement('span')
  probe.hidden = true
  document.body.append(probe)
  const read = (token: string): string => {
    probe.style.color = `var(${token})`
    return getComputedStyle(probe).color
  }
  const out = Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [name, read(token)]))
  const nets = Array.from({ length: COLOURS }, (_, i) => read(`--net-${i}`))
  probe.remove()
  return { ...(out as Record<keyof typeof TOKENS, string>), nets }
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

const mixtures = new Map<string, string>()
const KEPT = 500

/** So much of one colour (0 to 1, in hundredths) in another, as CSS' color-mix() in sRGB does it. */
export function mixed(colour: string, share: number, other: string): string {
  const percent = Math.round(100 * share)
  const key = `${colour} ${percent} ${other}`
  const known = mixtures.get(key)
  if (known !== undefined) return known
  const [a, b] = [channels(colour), channels(other)]
  const mixture = `rgb(${a.map((v, i) => Math.round((v * percent + (b[i] ?? 0) * (100 - percent)) / 100)).join(' ')})`
  if (mixtures.size >= KEPT) mixtures.clear()
  mixtures.set(key, mixture)
  return mixture
}

const channels = (colour: string): number[] => (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number)

export const inkOf = (c: Colours, state: LinkState): string =>
  ({ up: c.up, down: c.down, 'no-carrier': c.warn, pending: c.down })[state]
