import { type Dissection, dissect, type Origin } from './dissect'
import { type Filter, FilterError, parseFilter, type Wrong } from './filter'
import { type Captured, unpackFrames } from './frames'
import { Origins } from './origins'
import { dissectWhole, Reassembly } from './reassembly'
import { type Conversation, follow } from './stream'

/** A line of the list. `time` is in seconds since the first frame of the capture. */
export interface Row {
  number: number
  time: number
  source: string
  destination: string
  protocol: string
  length: number
  info: string
  interface: string
}

export interface Detail {
  row: Row
  /** Local time of day in ms since 1970, and the ns below. */
  wall: { ms: number; ns: number }
  layers: Dissection['layers']
  bytes: Uint8Array
}

/** How many frames are kept, and how many of those the filter lets through. */
export interface Counts {
  kept: number
  shown: number
  error: { wrong: Wrong; word: string; field: string; at: number } | null
}

/** The frames of one capture, and which of them are shown. Runs in the worker. */
export class FrameStore {
  private frames: Captured[] = []
  /** Of each of `frames`; null: no TCP. */
  private origins: (Origin | null)[] = []
  private begun = new Origins()
  private parts = new Reassembly()
  /** Number of the frame that completed a packet → the whole packet, as a frame. */
  private readonly whole = new Map<number, Uint8Array>()
  /** The number of `frames[0]`. */
  private first = 1
  private begin: bigint | null = null
  private interfaces: readonly string[] = []
  private filter: Filter = () => true
  private shown: number[] = []
  private error: Counts['error'] = null

  reset(interfaces: readonly string[]): void {
    this.clear()
    this.first = 1
    this.begin = null
    this.interfaces = interfaces
  }

  private clear(): void {
    this.frames = []
    this.origins = []
    this.begun = new Origins()
    this.parts = new Reassembly()
    this.whole.clear()
    this.shown = []
  }

  /** Take in frames from number `first` on; forget those before `oldest`. */
  add(first: number, bytes: Uint8Array, oldest: number): void {
    const fresh = unpackFrames(bytes)
    if (this.frames.length === 0 || first !== this.first + this.frames.length) {
      this.clear()
      this.first = first
    }
    for (const frame of fresh) {
      this.begin ??= frame.time
      this.frames.push(frame)
      const number = this.first + this.frames.length - 1
      const found = this.dissected(number, frame)
      this.origins.push(found.flow?.key.startsWith('tcp') ? this.begun.take(found.flow) : null)
      if (this.passes(number, found)) this.shown.push(number)
    }
    const gone = Math.min(oldest - this.first, this.frames.length)
    // a little late, so that not each new frame copies the whole list
    if (gone > 1024 || gone === this.frames.length) this.forget(gone)
  }

  /** A new frame; with it a packet that came in fragments may be complete. */
  private dissected(number: number, frame: Captured): Dissection {
    const found = dissect(frame.data)
    const packet = found.fragment && this.parts.take(frame.data, found.fragment, found.end)
    if (!packet) return found
    this.whole.set(number, packet)
    return dissectWhole(frame.data, packet)
  }

  private dissectAgain(number: number): Dissection {
    const [{ data }, packet, origin] = [
      this.at(number).frame,
      this.whole.get(number),
      this.origins[number - this.first],
    ]
    return packet ? dissectWhole(data, packet, origin) : dissect(data, origin)
  }

  private forget(gone: number): void {
    for (const number of this.whole.keys()) if (number < this.first + gone) this.whole.delete(number)
    this.frames = this.frames.slice(gone)
    this.origins = this.origins.slice(gone)
    this.first += gone
    const from = this.shown.findIndex((n) => n >= this.first)
    this.shown = from < 0 ? [] : this.shown.slice(from)
  }

  /** A filter that is none leaves what is shown as it is. */
  setFilter(source: string): void {
    try {
      this.filter = parseFilter(source)
      this.error = null
    } catch (error) {
      if (!(error instanceof FilterError)) throw error
      this.error = { wrong: error.wrong, word: error.word, field: error.field, at: error.at }
      return
    }
    this.shown = this.frames.map((_, i) => this.first + i).filter((n) => this.passes(n))
  }

  counts(): Counts {
    return { kept: this.frames.length, shown: this.shown.length, error: this.error }
  }

  /** Lines `from` to `to` (exclusive) of what is shown. */
  rows(from: number, to: number): Row[] {
    return this.shown.slice(from, to).map((number) => this.row(number))
  }

  detail(number: number): Detail | null {
    const frame = this.frames[number - this.first]
    if (!frame) return null
    const wall = { ms: Number(frame.time / 1_000_000n), ns: Number(frame.time % 1_000_000n) }
    return { row: this.row(number), wall, layers: this.dissectAgain(number).layers, bytes: frame.data }
  }

  follow(number: number): Conversation | null {
    return follow(
      this.frames.map((f, i) => this.whole.get(this.first + i) ?? f.data),
      number - this.first,
    )
  }

  private at(number: number): { frame: Captured; time: number } {
    const frame = this.frames[number - this.first]
    if (!frame) throw new RangeError(`frame ${number} is not kept`)
    return { frame, time: Number(frame.time - (this.begin ?? frame.time)) / 1e9 }
  }

  private passes(number: number, found?: Dissection): boolean {
    const { frame, time } = this.at(number)
    const { layers } = found ?? this.dissectAgain(number)
    const name = this.interfaces[frame.interface] ?? ''
    return this.filter({ layers, number, length: frame.length, captured: frame.data.length, interface: name, time })
  }

  private row(number: number): Row {
    const { frame, time } = this.at(number)
    const { source, destination, protocol, info } = this.dissectAgain(number)
    const name = this.interfaces[frame.interface] ?? ''
    return { number, time, source, destination, protocol, length: frame.length, info, interface: name }
  }
}
