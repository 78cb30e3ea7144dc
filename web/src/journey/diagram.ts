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
const COLOURS = { good: '#12824f', bad: '#c42f37', way: '#4a55d1' }
/** Pixels that a character takes at most, of the size that captions have. */
const [NARROW, WIDE] = [7, 13]

const widthOf = (text: string): number =>
  Array.from(text).reduce((sum, c) => sum + (c.charCodeAt(0) < 0x2e80 ? NARROW : WIDE), 0)

interface Scene {
  diagram: Diagram
  /** The caption of each step, and of the verdict at the end. */
  captions: readonly string[]
  colour: string
  width: number
  height: number
}

function sceneOf(journey: Journey, sentences: readonly string[], verdict: string): Scene {
  const diagram = diagramOf(journey)
  const captions = [...sentences, verdict]
  return {
    diagram,
    captions,
    colour: journey.verdict.cause === 'delivered' ? COLOURS.good : COLOURS.bad,
    width: Math.max(diagram.width, 640, 32 + Math.max(...captions.map(widthOf))),
    height: diagram.height + CAPTION + 18,
  }
}

/** The picture: its static and its animated part. */
function drawn({ diagram, captions, width, height }: Scene, packet: string, said: string): string {
  const { lanes, points } = diagram
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Inter, system-ui, sans-serif" font-size="13">
<title>${escaped(captions.at(-1) ?? '')}</title>
<rect width="100%" height="100%" fill="#ffffff"/>
${lanes
  .map(
    ({ name, x }) =>
      `<line x1="${x}" x2="${x}" y1="${HEAD}" y2="${diagram.height}" stroke="#c9d0da"/><rect x="${x - 62}" y="6" width="124" height="24" rx="6" fill="#eceefd"/><text x="${x}" y="22" text-anchor="middle" font-weight="600" fill="#171b24">${escaped(name)}</text>`,
  )
  .join('\n')}
<polyline points="${points.map((p) => `${p.x},${p.y}`).join(' ')}" fill="none" stroke="${COLOURS.way}" stroke-width="1.5" stroke-opacity="0.45"/>
${points.map((p) => `<circle cx="${p.x}" cy="${p.y}" r="3" fill="${p.drop ? COLOURS.bad : COLOURS.way}"/>`).join('')}
${packet}
<g fill="#171b24">${said}</g>
</svg>
`
}

/** A picture that plays by itself (SMIL), for slides and pages: the dot goes its way, each step is said below. */
export function animatedSvg(journey: Journey, sentences: readonly string[], verdict: string): string {
  const scene = sceneOf(journey, sentences, verdict)
  const { points, height } = scene.diagram
  const steps = points.length + REST_STEPS
  const seconds = (steps * STEP_SECONDS).toFixed(1)
  const times = points.map((_, i) => (i / steps).toFixed(4))
  const last = points.at(-1)
  const along = (axis: 'x' | 'y'): string => [...points.map((p) => p[axis]), last?.[axis] ?? 0].join(';')
  const keyTimes = [...times, '1'].join(';')
  const captions = scene.captions.map((text, i) => {
    const [from, to] = [i * STEP_SECONDS, i < sentences.length ? (i + 1) * STEP_SECONDS : steps * STEP_SECONDS]
    const values = `<animate attributeName="opacity" dur="${seconds}s" repeatCount="indefinite" calcMode="discrete" ${discrete(from, to, steps * STEP_SECONDS)}/>`
    return `<text x="16" y="${height + CAPTION}" opacity="0">${escaped(text)}${values}</text>`
  })
  const moves = (['x', 'y'] as const).map(
    (axis) =>
      `<animate attributeName="c${axis}" dur="${seconds}s" repeatCount="indefinite" values="${along(axis)}" keyTimes="${keyTimes}"/>`,
  )
  const packet = `<circle r="8" fill="${scene.colour}" fill-opacity="0.85">${moves.join('')}</circle>`
  return drawn(scene, packet, captions.join('\n'))
}

/** The same as single pictures. `delay` in ms; sizes in CSS pixels. */
export interface Animation {
  width: number
  height: number
  frames: number
  frame(at: number): string
  delay(at: number): number
}

const MOST_FRAMES = 240
const SMOOTH = 6

/** At most `MOST_FRAMES` pictures: of a long journey fewer for each step, of a very long one not every step. */
export function framesOf(journey: Journey, sentences: readonly string[], verdict: string): Animation {
  const scene = sceneOf(journey, sentences, verdict)
  const { points, height } = scene.diagram
  const perStep = Math.min(SMOOTH, MOST_FRAMES / Math.max(1, points.length))
  const moving = Math.max(0, Math.ceil((points.length - 1) * perStep))
  const frame = (at: number): string => {
    const place = Math.min(at / perStep, points.length - 1)
    const [step, part] = [Math.floor(place), place % 1]
    const [from, to] = [points[step], points[step + 1]]
    const between = (axis: 'x' | 'y'): number => (from?.[axis] ?? 0) * (1 - part) + (to?.[axis] ?? 0) * part
    const packet = `<circle cx="${between('x')}" cy="${between('y')}" r="8" fill="${scene.colour}" fill-opacity="0.85"/>`
    const said = scene.captions[at > moving ? scene.captions.length - 1 : step] ?? ''
    return drawn(scene, packet, `<text x="16" y="${height + CAPTION}">${escaped(said)}</text>`)
  }
  const step = STEP_SECONDS * 1000
  const delay = (at: number): number => (at < moving ? step / perStep : at === moving ? step : step * REST_STEPS)
  return { width: scene.width, height: scene.height, frames: moving + 2, frame, delay }
}

/** Opacity 1 from `from` to `to` seconds, else 0. */
function discrete(from: number, to: number, all: number): string {
  const at = (seconds: number): string => Math.min(1, seconds / all).toFixed(4)
  if (from === 0) return `values="1;0" keyTimes="0;${at(to)}"`
  if (to >= all) return `values="0;1" keyTimes="0;${at(from)}"`
  return `values="0;1;0" keyTimes="0;${at(from)};${at(to)}"`
}
