/** What a part of the page looks like, as a drawing: boxes, lines and text, no HTML in it, so that every program opens it. */

import { type Letters, note } from './fonts'

/** `zoom`: how many pixels of the window a CSS pixel of the elements takes. */
export interface Frame {
  left: number
  top: number
  width: number
  height: number
  zoom: number
}

const SHAPES = 'path, circle, rect, line, polyline, polygon, ellipse, text'
const COPIED = ['d', 'cx', 'cy', 'r', 'rx', 'ry', 'x', 'y', 'x1', 'y1', 'x2', 'y2', 'width', 'height', 'points']

export class Painter {
  readonly letters: Letters = new Map()
  private readonly out: string[] = []
  private readonly frame: Frame
  private count = 0

  constructor(frame: Frame) {
    this.frame = frame
  }

  get body(): string {
    return this.out.join('\n')
  }

  /** An element and all that is in it. */
  paint(element: Element): void {
    const style = getComputedStyle(element)
    if (style.display === 'none' || style.visibility === 'hidden' || Number(style.opacity) === 0) return
    const faint = Number(style.opacity) < 1
    if (faint) this.out.push(`<g opacity="${style.opacity}">`)
    if (element instanceof SVGSVGElement) this.drawing(element)
    else if (element instanceof HTMLCanvasElement) this.bitmap(element)
    else this.box(element, style)
    if (faint) this.out.push('</g>')
  }

  private box(element: Element, style: CSSStyleDeclaration): void {
    this.surface(this.at(element.getBoundingClientRect()), style)
    for (const node of element.childNodes) {
      if (node instanceof Element) this.paint(node)
      else if (node instanceof Text && node.data.trim() !== '') this.text(node, element, style)
    }
  }

  private at({ left, top, width, height }: DOMRect): { x: number; y: number; w: number; h: number } {
    return { x: left - this.frame.left, y: top - this.frame.top, w: width, h: height }
  }

  /** Background, border, and the ring of what is selected. */
  private surface({ x, y, w, h }: { x: number; y: number; w: number; h: number }, style: CSSStyleDeclaration): void {
    const { zoom } = this.frame
    if (w < 1 || h < 1 || style.clipPath !== 'none') return
    const radius = Math.min(Number.parseFloat(style.borderTopLeftRadius) * zoom || 0, w / 2, h / 2)
    const fill = this.fill(style, y, x)
    const border = Number.parseFloat(style.borderTopWidth) * zoom
    const all = [style.borderRightWidth, style.borderBottomWidth, style.borderLeftWidth]
    const edge = border > 0 && all.every((v) => v === style.borderTopWidth) && isSeen(style.borderTopColor)
    const inset = edge ? border / 2 : 0
    if (fill === null && !edge) return
    const dash = style.borderTopStyle === 'dashed' ? ` stroke-dasharray="${3 * border} ${2.5 * border}"` : ''
    const stroke = edge ? ` ${paintOf('stroke', style.borderTopColor)} stroke-width="${r(border)}"${dash}` : ''
    const shape = box(x + inset, y + inset, w - 2 * inset, h - 2 * inset, Math.max(0, radius - inset))
    this.out.push(`<rect ${shape} ${fill ?? 'fill="none"'}${stroke}/>`)
    const ring = /(rgba?\([^)]*\)|color\([^)]*\)) 0px 0px 0px ([\d.]+)px(?! inset)/.exec(style.boxShadow)
    if (ring?.[1] && ring[2]) {
      const spread = Number(ring[2]) * zoom
      const around = box(x - spread / 2, y - spread / 2, w + spread, h + spread, radius + spread / 2)
      this.out.push(`<rect ${around} fill="none" ${paintOf('stroke', ring[1])} stroke-width="${r(spread)}"/>`)
    }
  }

  /** A colour, or a gradient from top to bottom; null for nothing. */
  private fill(style: CSSStyleDeclaration, y: number, x: number): string | null {
    const gradient =
      /^linear-gradient\((rgba?\([^)]*\)|color\([^)]*\))[^,]*, (rgba?\([^)]*\)|color\([^)]*\)) ([\d.]+)px\)/.exec(
        style.backgroundImage,
      )
    if (gradient?.[1] && gradient[2]) {
      this.count += 1
      const id = `g${this.count}`
      const end = y + Number(gradient[3]) * this.frame.zoom
      const stop = (offset: number, colour: string): string =>
        `<stop offset="${offset}" ${paintOf('stop-color', colour)}/>`
      this.out.push(
        `<linearGradient id="${id}" gradientUnits="userSpaceOnUse" x1="${r(x)}" y1="${r(y)}" x2="${r(x)}" y2="${r(end)}">` +
          `${stop(0, gradient[1])}${stop(1, gradient[2])}</linearGradient>`,
      )
      return `fill="url(#${id})"`
    }
    return isSeen(style.backgroundColor) ? paintOf('fill', style.backgroundColor) : null
  }

  private text(node: Text, parent: Element, style: CSSStyleDeclaration): void {
    const range = document.createRange()
    range.selectNodeContents(node)
    for (const line of linesOf(node, range)) {
      const shown = fitted(line, parent, style)
      if (shown.text === '') continue
      this.letter(shown.text, shown.rect, style)
    }
  }

  private letter(text: string, rect: DOMRect, style: CSSStyleDeclaration): void {
    const { x, y, w, h } = this.at(rect)
    const size = Number.parseFloat(style.fontSize) * this.frame.zoom
    const drawn = style.textTransform === 'uppercase' ? text.toUpperCase() : text
    note(this.letters, style.fontFamily, drawn)
    const spacing = Number.parseFloat(style.letterSpacing) * this.frame.zoom
    const through = style.textDecorationLine.includes('line-through') ? ' text-decoration="line-through"' : ''
    this.out.push(
      `<text x="${r(x)}" y="${r(y + h * ascent(style))}" font-family="${escaped(style.fontFamily.replaceAll('"', "'"))}" font-size="${r(size)}" ` +
        `font-weight="${style.fontWeight}" ${paintOf('fill', style.color)} textLength="${r(w)}" lengthAdjust="spacingAndGlyphs"` +
        `${spacing ? ` letter-spacing="${r(spacing)}"` : ''}${through} xml:space="preserve">${escaped(drawn)}</text>`,
    )
  }

  /** The shapes of an SVG, each with what the style sheets say of it. */
  private drawing(svg: SVGSVGElement): void {
    for (const shape of svg.querySelectorAll<SVGGraphicsElement>(SHAPES)) {
      if (shape.closest('defs, pattern, marker, clipPath')) continue
      const style = getComputedStyle(shape)
      const matrix = shape.getScreenCTM()
      if (!matrix || style.display === 'none' || style.visibility === 'hidden') continue
      const none = !isSeen(style.fill) && (!isSeen(style.stroke) || style.stroke === 'none')
      if (none) continue
      const { a, b, c, d, e, f } = matrix
      const place = [a, b, c, d, e - this.frame.left, f - this.frame.top].map(r).join(' ')
      const own = COPIED.flatMap((name) =>
        shape.hasAttribute(name) ? [`${name}="${escaped(shape.getAttribute(name) ?? '')}"`] : [],
      )
      const tag = shape.tagName
      const words = tag === 'text' ? textStyle(style, this.letters, shape.textContent ?? '') : ''
      this.out.push(
        `<${tag} transform="matrix(${place})" ${own.join(' ')} ${penOf(shape, style)}${words}>${tag === 'text' ? escaped(shape.textContent ?? '') : ''}</${tag}>`,
      )
    }
  }

  private bitmap(canvas: HTMLCanvasElement): void {
    const { x, y, w, h } = this.at(canvas.getBoundingClientRect())
    if (w > 0 && h > 0)
      this.out.push(`<image x="${r(x)}" y="${r(y)}" width="${r(w)}" height="${r(h)}" href="${canvas.toDataURL()}"/>`)
  }
}

const r = (n: number): number => Math.round(n * 100) / 100

const box = (x: number, y: number, w: number, h: number, radius: number): string =>
  `x="${r(x)}" y="${r(y)}" width="${r(w)}" height="${r(h)}"${radius > 0 ? ` rx="${r(radius)}"` : ''}`

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const isSeen = (colour: string): boolean => colour !== 'none' && colour !== 'transparent' && alphaOf(colour) > 0

function alphaOf(colour: string): number {
  const found = /(?:\/\s*|rgba\([^)]*,\s*)([\d.]+)\)$/.exec(colour)
  return found?.[1] === undefined ? 1 : Number(found[1])
}

/** Colours as `#rrggbb` and an opacity: what all programs understand. */
export function paintOf(name: 'fill' | 'stroke' | 'stop-color', colour: string): string {
  if (colour.startsWith('url(')) return `${name}="none"`
  const numbers = (colour.match(/-?[\d.]+(?:e-?\d+)?/g) ?? []).map(Number)
  // `color(srgb 0.1 0.2 0.3)` counts from 0 to 1
  const parts = colour.startsWith('color(') ? numbers.slice(0, 3).map((n) => n * 255) : numbers.slice(0, 3)
  const hex = parts
    .map((n) =>
      Math.round(Math.min(255, Math.max(0, n)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')
  const alpha = alphaOf(colour)
  const opacity = name === 'stop-color' ? 'stop-opacity' : `${name}-opacity`
  return `${name}="${parts.length === 3 ? `#${hex}` : 'none'}"${alpha < 1 ? ` ${opacity}="${alpha}"` : ''}`
}

function penOf(shape: Element, style: CSSStyleDeclaration): string {
  const fill = isSeen(style.fill) ? paintOf('fill', style.fill) : 'fill="none"'
  const stroke = isSeen(style.stroke) ? paintOf('stroke', style.stroke) : 'stroke="none"'
  const dash =
    style.strokeDasharray === 'none' ? '' : ` stroke-dasharray="${style.strokeDasharray.replaceAll('px', '')}"`
  const faint = Number(style.opacity) * opacityAround(shape)
  return (
    `${fill} ${stroke} stroke-width="${Number.parseFloat(style.strokeWidth)}" stroke-linecap="${style.strokeLinecap}" ` +
    `stroke-linejoin="${style.strokeLinejoin}"${dash}${faint < 1 ? ` opacity="${r(faint)}"` : ''}`
  )
}

/** Groups in an SVG may be faint too. */
function opacityAround(shape: Element): number {
  let out = 1
  for (let at = shape.parentElement; at && !(at instanceof SVGSVGElement); at = at.parentElement) {
    out *= Number(getComputedStyle(at).opacity)
  }
  return out
}

function textStyle(style: CSSStyleDeclaration, letters: Letters, text: string): string {
  note(letters, style.fontFamily, text)
  return (
    ` font-family="${escaped(style.fontFamily.replaceAll('"', "'"))}" font-size="${Number.parseFloat(style.fontSize)}"` +
    ` font-weight="${style.fontWeight}" text-anchor="${style.textAnchor}" dominant-baseline="${style.dominantBaseline}"`
  )
}

/** A text node may be broken into several lines: each with its place. */
function linesOf(node: Text, range: Range): { text: string; rect: DOMRect; node: Text; start: number }[] {
  if (range.getClientRects().length <= 1) {
    const start = node.data.length - node.data.trimStart().length
    range.setStart(node, start)
    range.setEnd(node, node.data.trimEnd().length)
    return [{ text: node.data.trim(), rect: range.getBoundingClientRect(), node, start }]
  }
  const out: { text: string; rect: DOMRect; node: Text; start: number }[] = []
  for (let i = 0; i < node.data.length; i += 1) {
    range.setStart(node, i)
    range.setEnd(node, i + 1)
    const rect = range.getBoundingClientRect()
    const last = out.at(-1)
    if (last && Math.abs(last.rect.top - rect.top) < 2) {
      last.text += node.data[i]
      last.rect = new DOMRect(last.rect.left, last.rect.top, rect.right - last.rect.left, last.rect.height)
    } else if (rect.width > 0) out.push({ text: node.data[i] ?? '', rect, node, start: i })
  }
  return out
}

/** What is shown of a line whose end does not fit: cut off, with an ellipsis where the style says so. */
function fitted(
  line: { text: string; rect: DOMRect; node: Text; start: number },
  parent: Element,
  style: CSSStyleDeclaration,
): { text: string; rect: DOMRect } {
  if (style.overflowX === 'visible') return line
  const right = parent.getBoundingClientRect().right
  if (line.rect.right <= right + 0.5) return line
  const range = document.createRange()
  for (let length = line.text.length - 1; length > 0; length -= 1) {
    range.setStart(line.node, line.start)
    range.setEnd(line.node, line.start + length)
    const rect = range.getBoundingClientRect()
    const more = rect.width / length
    if (rect.right + more > right) continue
    return {
      text: `${line.text.slice(0, length)}…`,
      rect: new DOMRect(rect.left, rect.top, rect.width + more, rect.height),
    }
  }
  return { text: '', rect: line.rect }
}

const known = new Map<string, number>()
let pen: CanvasRenderingContext2D | null = null

/** How far below the upper edge of its box a font's baseline lies, as a part of the height. */
function ascent({ fontFamily, fontWeight }: CSSStyleDeclaration): number {
  const key = `${fontWeight} 100px ${fontFamily}`
  const found = known.get(key)
  if (found !== undefined) return found
  pen ??= document.createElement('canvas').getContext('2d')
  if (!pen) return 0.8
  pen.font = key
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = pen.measureText('x')
  const part = above / (above + below)
  known.set(key, part)
  return part
}
