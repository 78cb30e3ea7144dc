import { ethernet } from './ethernet'
import { Frame, Short } from './frame'
import { ipv4, ipv6 } from './ip'
import type { Dissection, Origin } from './types'

export type { Dissection, Field, Flow, Fragment, Layer, Origin, Summary } from './types'

const BEGIN = {
  ethernet,
  ipv4: (f: Frame) => ipv4(f, 0),
  ipv6: (f: Frame) => ipv6(f, 0),
}

/** Take an Ethernet frame apart. Never fails: where the bytes are cut off or make no sense, the layers up to there stand.
 * With an origin the line of the list has TCP's numbers from there on; the fields of the layers have them as they are on the wire. */
export function dissect(bytes: Uint8Array, origin: Origin | null = null): Dissection {
  const frame = take(bytes, 'ethernet', origin)
  let [outer, shift] = [frame, 0]
  while (outer.inside) {
    shift += outer.inside.at
    const inner = take(
      outer.bytes.subarray(outer.inside.at, outer.end),
      outer.inside.kind,
      origin,
      outer.inside.kind !== 'ethernet',
    )
    for (const layer of inner.layers) frame.layers.push(shifted(layer, shift))
    if (outer.inside.kind === 'ethernet') {
      // who speaks in the tunnel is what a reader wants to see
      const { source, destination, protocol, info } = inner.summary
      Object.assign(frame.summary, { source, destination, protocol, info: `${info} (${frame.summary.info})` })
      frame.flow = inner.flow && {
        ...inner.flow,
        payload: [inner.flow.payload[0] + shift, inner.flow.payload[1] + shift],
      }
    }
    outer = inner
  }
  return { ...frame.summary, layers: frame.layers, flow: frame.flow, fragment: frame.fragment, end: frame.end }
}

function take(bytes: Uint8Array, kind: keyof typeof BEGIN, origin: Origin | null, quoted = false): Frame {
  const frame = new Frame(bytes, origin, quoted)
  try {
    BEGIN[kind](frame)
  } catch (error) {
    if (!(error instanceof Short)) throw error
    frame.summary.info = `${frame.summary.info} [cut off]`.trim()
    frame.inside = null
  }
  return frame
}

function shifted<L extends Frame['layers'][number]>(layer: L, by: number): L {
  const fields = layer.fields.map((x) => ({ ...x, from: x.from + by, to: x.to + by }))
  return { ...layer, from: layer.from + by, to: layer.to + by, fields }
}
