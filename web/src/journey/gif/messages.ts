/** What the page asks of the worker that encodes. `begin` first: `samples` has all colours of the picture. */
export type Ask =
  | { do: 'begin'; width: number; height: number; samples: Uint8ClampedArray }
  | { do: 'frame'; pixels: Uint8ClampedArray; delay: number }
  | { do: 'end' }

/** To each frame `next`, so that no more than one waits; at the end the file. */
export type Reply = { next: true } | { file: Uint8Array<ArrayBuffer> }
