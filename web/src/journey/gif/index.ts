import type { Animation } from '../diagram'
import type { Ask, Reply } from './messages'

/** CSS pixels; a picture that is larger is drawn smaller. */
const MOST = { width: 1000, height: 1200 }

/** An animated GIF of the frames, which are drawn here and encoded in a worker. `progress` is called with 0 to 1. Rejects with
 * the signal's reason once it is aborted, or where the browser cannot draw. */
export async function gifOf(
  animation: Animation,
  progress: (part: number) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const scale = Math.min(1, MOST.width / animation.width, MOST.height / animation.height)
  const [width, height] = [Math.round(animation.width * scale), Math.round(animation.height * scale)]
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (!context) throw new Error('no canvas')
  const draw = async (at: number): Promise<Uint8ClampedArray> => {
    const image = new Image(width, height)
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(animation.frame(at))}`
    await image.decode()
    signal.throwIfAborted()
    context.drawImage(image, 0, 0, width, height)
    return context.getImageData(0, 0, width, height).data
  }
  const encoder = new Encoder(signal)
  try {
    const samples = [await draw(0), await draw(animation.frames - 1)]
    await encoder.ask({ do: 'begin', width, height, samples: joined(samples) })
    for (let at = 0; at < animation.frames; at += 1) {
      await encoder.ask({ do: 'frame', pixels: await draw(at), delay: animation.delay(at) })
      progress((at + 1) / animation.frames)
    }
    const end = await encoder.ask({ do: 'end' })
    if (!('file' in end)) throw new Error('no file')
    return new Blob([end.file], { type: 'image/gif' })
  } finally {
    encoder.close()
  }
}

function joined(parts: readonly Uint8ClampedArray[]): Uint8ClampedArray {
  const out = new Uint8ClampedArray(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** One question after the other; each ends as the worker answers, or as the signal says. */
class Encoder {
  private readonly worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  private readonly signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.signal = signal
  }

  ask(ask: Ask): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.worker.onmessage = (event: MessageEvent<Reply>) => resolve(event.data)
      this.worker.onerror = (event) => reject(new Error(event.message))
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true })
      const moved = ask.do === 'begin' ? [ask.samples.buffer] : ask.do === 'frame' ? [ask.pixels.buffer] : []
      this.worker.postMessage(ask, moved)
    })
  }

  close(): void {
    this.worker.terminate()
  }
}
