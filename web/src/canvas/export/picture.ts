/** The canvas as a picture for slides. */

import type { Picture, PictureOptions } from '@/editor'
import { theme } from '@/ui'
import { latticeOf } from '../model/lattice'
import { fontFaces } from './fonts'
import { type Frame, Painter } from './svg'

const MARGIN = 40

/** What the picture needs of the view. */
export interface PictureView {
  /** Draw everything at 100 %, until the function that it returns is called. */
  showAll(): Promise<() => void>
  zoom(): number
}

export async function takePicture(options: PictureOptions, sight: PictureView): Promise<Picture> {
  const back = options.what === 'whole' ? await sight.showAll() : () => undefined
  try {
    return await withTheme(options.theme, () => draw(options.what, sight.zoom()))
  } finally {
    back()
  }
}

/** All styles are read in one go with the other theme on: the screen never shows it. */
async function withTheme(wanted: PictureOptions['theme'], take: () => Drawn): Promise<Picture> {
  const root = document.documentElement
  const still = document.createElement('style')
  still.textContent = '*, *::before, *::after { transition: none !important; animation: none !important; }'
  document.head.append(still)
  const before = root.dataset.theme ?? theme.get()
  if (wanted !== 'shown') root.dataset.theme = wanted
  let drawn: Drawn
  try {
    drawn = take()
  } finally {
    root.dataset.theme = before
    still.remove()
  }
  const fonts = await fontFaces(drawn.painter.letters)
  const { width, height } = drawn.frame
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">\n` +
    `<style>${fonts}</style>\n${drawn.ground}\n${drawn.painter.body}\n</svg>\n`
  return { svg, width, height }
}

interface Drawn {
  frame: Frame
  painter: Painter
  ground: string
}

function draw(what: PictureOptions['what'], zoom: number): Drawn {
  const flow = document.querySelector<HTMLElement>('.react-flow')
  const pane = flow?.getBoundingClientRect()
  if (!flow || !pane) throw new Error('there is no canvas')
  const parts = inOrder(flow)
  const frame = { ...(what === 'seen' ? pane.toJSON() : around(parts)), zoom } as Frame
  const whole = {
    left: frame.left,
    top: frame.top,
    width: Math.ceil(frame.width),
    height: Math.ceil(frame.height),
    zoom,
  }
  const painter = new Painter(whole)
  for (const part of parts) painter.paint(part)
  return { frame: whole, painter, ground: ground(flow, whole) }
}

/** Cards, links and what else lies on the canvas, the lowest first. */
function inOrder(flow: HTMLElement): Element[] {
  const found = [
    ...flow.querySelectorAll('.react-flow__edges > svg, .react-flow__node, .react-flow__viewport-portal > *'),
  ]
  // far out one bitmap shows everything
  const bitmap = flow.querySelector('canvas')
  const z = (element: Element): number => Number(getComputedStyle(element).zIndex) || 0
  const sorted = found.map((element, i) => ({ element, i, z: z(element) })).sort((a, b) => a.z - b.z || a.i - b.i)
  return [...(bitmap ? [bitmap] : []), ...sorted.map(({ element }) => element)]
}

function around(parts: readonly Element[]): { left: number; top: number; width: number; height: number } {
  const rects = parts.flatMap((part) =>
    part instanceof SVGSVGElement
      ? [...part.querySelectorAll('path')].map((p) => p.getBoundingClientRect())
      : [part.getBoundingClientRect()],
  )
  const shown = rects.filter((rect) => rect.width > 0 || rect.height > 0)
  const left = Math.min(...shown.map((rect) => rect.left)) - MARGIN
  const top = Math.min(...shown.map((rect) => rect.top)) - MARGIN
  const right = Math.max(...shown.map((rect) => rect.right)) + MARGIN
  const bottom = Math.max(...shown.map((rect) => rect.bottom)) + MARGIN
  return { left, top, width: right - left, height: bottom - top }
}

/** The table itself, with its dots. */
function ground(flow: HTMLElement, { left, top, width, height, zoom }: Frame): string {
  const style = getComputedStyle(flow.parentElement ?? flow)
  const probe = document.createElement('span')
  probe.style.color = 'var(--canvas)'
  probe.style.background = 'var(--dots)'
  flow.append(probe)
  const { color, backgroundColor } = getComputedStyle(probe)
  const [table, dots] = [color || style.backgroundColor, backgroundColor]
  probe.remove()
  const plain = `<rect width="${width}" height="${height}" fill="${table}"/>`
  const pane = flow.getBoundingClientRect()
  const at = flow.querySelector('.react-flow__viewport')?.getBoundingClientRect() ?? pane
  const camera = { x: at.left - pane.left, y: at.top - pane.top, zoom, width: pane.width, height: pane.height }
  const { gap, x, y, radius } = latticeOf(camera)
  const [px, py] = [x + pane.left - left, y + pane.top - top]
  return (
    `<pattern id="dots" x="${px}" y="${py}" width="${gap}" height="${gap}" patternUnits="userSpaceOnUse">` +
    `<circle cx="${gap / 2}" cy="${gap / 2}" r="${radius}" fill="${dots}"/></pattern>${plain}` +
    `<rect width="${width}" height="${height}" fill="url(#dots)"/>`
  )
}
