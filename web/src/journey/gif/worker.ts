/// <reference lib="webworker" />
/** Encodes frames beside the page's thread, each when it comes. */

import { applyPalette, GIFEncoder, quantize } from 'gifenc'
import type { Ask, Reply } from './messages'

/** The last colour of 256 is "as before": what does not change takes next to no bytes. */
const UNCHANGED = 255

const encoder = GIFEncoder()
let [width, height] = [0, 0]
let palette: number[][] = []
let before: Uint8Array | null = null

function frame(pixels: Uint8ClampedArray, delay: number): void {
  const indices = applyPalette(pixels, palette)
  const last = before
  before = indices.slice()
  if (!last) {
    const all = [...palette, ...Array.from({ length: UNCHANGED + 1 - palette.length }, () => [0, 0, 0])]
    encoder.writeFrame(indices, width, height, { palette: all, delay, dispose: 1 })
    return
  }
  for (let i = 0; i < indices.length; i += 1) if (indices[i] === last[i]) indices[i] = UNCHANGED
  encoder.writeFrame(indices, width, height, { delay, transparent: true, transparentIndex: UNCHANGED, dispose: 1 })
}

function answer(ask: Ask): Reply {
  if (ask.do === 'begin') {
    width = ask.width
    height = ask.height
    palette = quantize(ask.samples, UNCHANGED)
  } else if (ask.do === 'frame') {
    frame(ask.pixels, ask.delay)
  } else {
    encoder.finish()
    return { file: encoder.bytes() }
  }
  return { next: true }
}

self.onmessage = (event: MessageEvent<Ask>) => {
  const reply = answer(event.data)
  self.postMessage(reply, 'file' in reply ? [reply.file.buffer] : [])
}
