/** Binary frames, as in protocol/frames.py: channel (4 bytes, little endian), stream (1 byte), bytes. */

export const INPUT = 0
export const OUTPUT = 1
/** A terminal's screen anew: reset, then take these bytes, answering nothing that they ask. */
export const SCREEN = 3
/** JSON: the terminal's state. */
export const STATE = 4
/** Acknowledgement: how many bytes of OUTPUT and SCREEN were processed, 8 bytes. */
export const ACK = 5

const HEAD = 5

export function pack(channel: number, stream: number, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEAD + bytes.length)
  const view = new DataView(frame.buffer)
  view.setUint32(0, channel, true)
  view.setUint8(4, stream)
  frame.set(bytes, HEAD)
  return frame
}

export function unpack(frame: ArrayBuffer): { channel: number; stream: number; bytes: Uint8Array } {
  const view = new DataView(frame)
  return { channel: view.getUint32(0, true), stream: view.getUint8(4), bytes: new Uint8Array(frame, HEAD) }
}

/** The content of an ACK frame. */
export function packCount(count: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(count), true)
  return bytes
}
