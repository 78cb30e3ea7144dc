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

export interface Dissection extends Summary {
  layers: readonly Layer[]
  flow: Flow | null
}
