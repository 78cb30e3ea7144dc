/** Frames as the server sends them (`protocol/captures.py`). */

export interface Captured {
  /** ns since 1970. */
  time: bigint
  /** Bytes on the wire; `data` may hold less. */
  length: number
  /** Its number in the capture's list of interfaces. */
  interface: number
  data: Uint8Array
}

const HEAD = 20

export function unpackFrames(bytes: Uint8Array): Captured[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const out: Captured[] = []
  for (let at = 0; at + HEAD <= bytes.length; ) {
    const captured = view.getUint32(at + 12, true)
    const data = bytes.subarray(at + HEAD, at + HEAD + captured)
    out.push({
      time: view.getBigUint64(at, true),
      length: view.getUint32(at + 8, true),
      interface: view.getUint16(at + 16, true),
      data,
    })
    at += HEAD + captured
  }
  return out
}

export function countFrames(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let count = 0
  for (let at = 0; at + HEAD <= bytes.length; at += HEAD + view.getUint32(at + 12, true)) count += 1
  return count
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const out = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i += 1) out[i] = binary.charCodeAt(i)
  return out
}
