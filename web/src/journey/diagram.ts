import type { Journey } from '@/protocol'
import { namespacesOf } from './model'

/** A journey as a picture: a lane for each namespace, a point for each hop, from top to bottom. Pure; units are CSS pixels. */
export interface Diagram {
  width: number
  height: number
  lanes: readonly { name: string; x: number }[]
  points: readonly { x: number; y: number; drop: boolean }[]
}

export const LANE = 150
export const HEAD = 34
const ROW = 17
const SIDE = 80

export function diagramOf(journey: Journey): Diagram {
  const lanes = namespacesOf(journey).map((name, i) => ({ name, x: SIDE + i * LANE }))
  const xOf = new Map(lanes.map((lane) => [lane.name, lane.x]))
  const failed = journey.verdict.cause !== 'delivered' && journey.verdict.cause !== 'running'
  const points = journey.hops.map((hop, i) => ({
    x: xOf.get(hop.namespace) ?? SIDE,
    y: HEAD + 14 + i * ROW,
    drop: failed && (journey.verdict.hop ?? journey.hops.length - 1) === i,
  }))
  return {
    width: Math.max(1, lanes.length) * LANE + 2 * SIDE - LANE,
    height: HEAD + 14 + journey.hops.length * ROW,
    lanes,
    points,
  }
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c)

const STEP_SECONDS = 0.9
const REST_STEPS = 3
const CAPTION = 30

/** A picture that plays by itself (SMIL), for slides and pages: the dot goes its way, each step is said below. */
export function animatedSvg(journey: Journey, sentences: readonly string[], verdict: string): string {
  const { width, height, lanes, points } = diagramOf(journey)
  const wide = Math.max(width, 640)
  const steps = points.length + REST_STEPS
  const seconds = (steps * STEP_SECONDS).toFixed(1)
  const times = points.map((_, i) => (i / steps).toFixed(4))
  const last = points.at(-1)
  const along = (axis: 'x' | 'y'): string => [...points.map((p) => p[axis]), last?.[axis] ?? 0].join(';')
  const keyTimes = [...times, '1'].join(';')
  const captions = [...sentences, verdict].map((text, i) => {
    const [from, to] = [i * STEP_SECONDS, i < sentences.length ? (i + 1) * STEP_SECONDS : steps * STEP_SECONDS]
    const values = `<animate attributeName="opacity" dur="${seconds}s" repeatCount="indefinite" calcMode="discrete" ${discrete(from, to, steps * STEP_SECONDS)}/>`
    return `<text x="16" y="${height + CAPTION}" opacity="0">${escaped(text)}${values}</text>`
  })
  const colour = journey.verdict.cause === 'delivered' ? '#12824f' : '#c42f37'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${wide} ${height + CAPTION + 18}" font-family="Inter, system-ui, sans-serif" font-size="13">
<title>${escaped(verdict)}</title>
<rect width="100%" height="100%" fill="#ffffff"/>
${lanes
  .map(
    ({ name, x }) =>
      `<line x1="${x}" x2="${x}" y1="${HEAD}" y2="${height}" stroke="#c9d0da"/><rect x="${x - 62}" y="6" width="124" height="24" rx="6" fill="#eceefd"/><text x="${x}" y="22" text-anchor="middle" font-weight="600" fill="#171b24">${escaped(name)}</text>`,
  )
  .join('\n')}
<polyline points="${points.map((p) => `${p.x},${p.y}`).join(' ')}" fill="none" stroke="#4a55d1" stroke-width="1.5" stroke-opacity="0.45"/>
${points.map((p) => `<circle cx="${p.x}" cy="${p.y}" r="3" fill="${p.drop ? '#c42f37' : '#4a55d1'}"/>`).join('')}
<circle r="8" fill="${colour}" fill-opacity="0.85"><animate attributeName="cx" dur="${seconds}s" repeatCount="indefinite" values="${along('x')}" keyTimes="${keyTimes}"/><animate attributeName="cy" dur="${seconds}s" repeatCount="indefinite" values="${along('y')}" keyTimes="${keyTimes}"/></circle>
<g fill="#171b24">${captions.join('\n')}</g>
</svg>
`
}

/** Opacity 1 from `from` to `to` seconds, else 0. */
function discrete(from: number, to: number, all: number): string {
  const at = (seconds: number): string => Math.min(1, seconds / all).toFixed(4)
  if (from === 0) return `values="1;0" keyTimes="0;${at(to)}"`
  if (to >= all) return `values="0;1" keyTimes="0;${at(from)}"`
  return `values="0;1;0" keyTimes="0;${at(from)};${at(to)}"`
}
