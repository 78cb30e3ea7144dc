/** What dissection makes of a frame. Offsets are bytes from the start of the frame; `to` is exclusive. Names are those of the RFCs. */

export interface Field {
  label: string
  /** As a person reads it. */
  text: string
  from: number
  to: number
  /** What display filters call it (`ip.src`), and the value that they compare. */
  key?: string | undefined
  value?: string | number | undefined
}

export interface Layer {
  /** What display filters call it: `eth`, `ip`, `tcp`. */
  protocol: string
  title: string
  from: number
  to: number
  fields: readonly Field[]
}

/** One line of the packet list. */
export interface Summary {
  source: string
  destination: string
  protocol: string
  info: string
}

/** The two ends of a conversation, the same for both directions, and which way this frame goes. */
export interface Flow {
  key: string
  /** From the end that is first in `key`. */
  forward: boolean
  /** TCP only: where `payload` stands in the stream. */
  sequence: number
  /** TCP only; null: the segment acknowledges nothing. */
  acknowledged: number | null
  /** TCP only: the SYN flag is set. */
  syn: boolean
  payload: readonly [from: number, to: number]
}

/** From where the numbers of a TCP segment are counted: `sequence` its own direction's, `acknowledged` the other's. */
export interface Origin {
  sequence: number
  acknowledged: number
}

/** A part of an IP packet: bytes `start` of the frame to the end of the packet belong at `offset` of the packet's payload.
 * `key`: the packet. `bits`: where the two bytes with the fragment's offset are; `length`: where the length of the packet is, which counts
 * from `header`. */
export interface Fragment {
  key: string
  offset: number
  more: boolean
  start: number
  bits: number
  length: number
  header: number
}

export interface Dissection extends Summary {
  layers: readonly Layer[]
  flow: Flow | null
  fragment: Fragment | null
  /** Where the packet ends in the frame. */
  end: number
}
