/** What is written on areas and notes in the overview, and how large. Pure; canvas units. */

import type { Note } from '@/protocol'
import { type Inline, inlineOf } from '@/ui'
import type { ShapeNode } from './board'
import type { Box } from './geometry'

/** `size`: of the letters. */
export interface ShapeLabel extends Box {
  text: string
  size: number
}

/** As the cards have it. */
const USUAL = 12.5
/** Pixels: letters are this large, and where there is little room at least so large. */
const [GOOD_PX, LEAST_PX] = [11, 8]
/** With fewer letters a text says nothing. */
const LEAST_LETTERS = 3
/** Up to this height a label stands in the upper margin of its area, larger ones stand on its border: not over what lies in it. */
const MARGIN_H = 44
const INSET = 12
/** Height of a label, and room at both sides of its text, in sizes of its letters. */
const [HEIGHT, PAD] = [1.9, 0.7]

/** The label of an area, or the first line of a note; null where there is no room for it. */
export function labelOf(of: ShapeNode, zoom: number): ShapeLabel | null {
  const text = of.kind === 'area' ? of.area.label || of.area.name : firstLine(of.note)
  const room = of.w - 2 * INSET
  const best = Math.max(USUAL, GOOD_PX / zoom)
  const size = Math.min(best, Math.max(room / (width(text) + 2 * PAD), USUAL, LEAST_PX / zoom))
  const shown = cut(text, room / size - 2 * PAD)
  if (shown === null) return null
  const [w, h] = [(width(shown) + 2 * PAD) * size, HEIGHT * size]
  // on the map of the whole the letters would cover what is in the area
  if (of.kind === 'area' && h > of.h / 2) return null
  if (of.kind === 'area') return { text: shown, size, x: of.x + INSET, y: h > MARGIN_H ? of.y - h : of.y - 1, w, h }
  return h > of.h ? null : { text: shown, size, x: of.x + INSET - PAD * size + 2, y: of.y + 4, w, h }
}

/** Characters of East Asian scripts are square, others about half as wide as high. */
const WIDE = /[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff00-\uff60]/

/** In sizes of the letters. */
const width = (text: string): number => [...text].reduce((sum, letter) => sum + (WIDE.test(letter) ? 1 : 0.58), 0)

function cut(text: string, room: number): string | null {
  if (width(text) <= room) return text === '' ? null : text
  const letters = [...text]
  while (letters.length > 0 && width(letters.join('')) + 1 > room) letters.pop()
  return letters.length < LEAST_LETTERS ? null : `${letters.join('').trimEnd()}…`
}

const plain = (parts: readonly Inline[]): string =>
  parts.map((part) => ('text' in part ? part.text : plain(part.inside))).join('')

const known = new WeakMap<Note, string>()

/** The first line that says something, without its Markdown. */
function firstLine(note: Note): string {
  const before = known.get(note)
  if (before !== undefined) return before
  const line = (note.text ?? '').split('\n').find((text) => /[\p{L}\p{N}]/u.test(text)) ?? ''
  const first = plain(inlineOf(line.replace(/^\s*(#+|>|[-*+]|\d+[.)])\s+(\[[ xX]\]\s+)?/, '').trim()))
  known.set(note, first)
  return first
}
