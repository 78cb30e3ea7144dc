import { type Dissection, dissect, type Fragment, type Layer, type Origin } from './dissect'

interface Parts {
  /** Offset in the packet's payload → bytes. */
  parts: Map<number, Uint8Array>
  /** Bytes of the payload; null until the last part was seen. */
  total: number | null
}

/** Packets that are followed at a time. */
const MOST = 256

/** Puts fragments of IP packets together, in the order in which they were captured. */
export class Reassembly {
  private readonly packets = new Map<string, Parts>()

  /** The frame of the whole packet, where this fragment was the last one that was missing; else null. */
  take(bytes: Uint8Array, fragment: Fragment, end: number): Uint8Array | null {
    const found = this.packets.get(fragment.key) ?? { parts: new Map(), total: null }
    this.packets.set(fragment.key, found)
    found.parts.set(fragment.offset, bytes.subarray(fragment.start, end))
    if (!fragment.more) found.total = fragment.offset + end - fragment.start
    const payload = joined(found)
    if (payload) this.packets.delete(fragment.key)
    else if (this.packets.size > MOST) this.packets.delete(this.packets.keys().next().value ?? '')
    return payload && whole(bytes, fragment, payload)
  }
}

function joined({ parts, total }: Parts): Uint8Array | null {
  if (total === null) return null
  const out = new Uint8Array(total)
  let at = 0
  for (const [offset, part] of [...parts].sort(([a], [b]) => a - b)) {
    if (offset > at || offset + part.length > total) return null
    out.set(part, offset)
    at = Math.max(at, offset + part.length)
  }
  return at === total ? out : null
}

/** The headers before the fragment, changed to those of a packet that was never cut, and the whole payload. */
function whole(bytes: Uint8Array, { start, bits, length, header }: Fragment, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(start + payload.length)
  out.set(bytes.subarray(0, start))
  out.set(payload, start)
  const view = new DataView(out.buffer)
  view.setUint16(bits, 0)
  view.setUint16(length, Math.min(0xffff, out.length - header))
  return out
}

/** A frame with which a packet is complete: its own layers, and those that are in the packet. */
export function dissectWhole(bytes: Uint8Array, packet: Uint8Array, origin: Origin | null = null): Dissection {
  const [own, all] = [dissect(bytes, origin), dissect(packet, origin)]
  // the bytes of these layers are in several frames
  const nowhere = (layer: Layer): Layer => ({
    ...layer,
    from: bytes.length,
    to: bytes.length,
    fields: layer.fields.map((field) => ({ ...field, from: bytes.length, to: bytes.length })),
  })
  return { ...all, layers: [...own.layers, ...all.layers.slice(own.layers.length).map(nowhere)] }
}
