import type { Flow, Origin } from './dissect'

/** A direction's first sequence number; null while none was seen. */
interface Begun {
  forward: number | null
  back: number | null
}

/** From where TCP's numbers are counted, as Wireshark does: a SYN has 0. Of a connection that was open before the capture began, the
 * first segment has 1. */
export class Origins {
  private readonly flows = new Map<string, Begun>()

  /** Of the next frame; frames come in order. */
  take({ key, forward, sequence, acknowledged, syn }: Flow): Origin {
    const [own, other] = forward ? (['forward', 'back'] as const) : (['back', 'forward'] as const)
    let begun = this.flows.get(key)
    // the ports may be used again
    if (!begun || (syn && begun[own] !== sequence && acknowledged === null)) begun = { forward: null, back: null }
    this.flows.set(key, begun)
    if (syn) begun[own] = sequence
    begun[own] ??= (sequence - 1) >>> 0
    if (acknowledged !== null) begun[other] ??= (acknowledged - 1) >>> 0
    return { sequence: begun[own] ?? 0, acknowledged: begun[other] ?? 0 }
  }
}
