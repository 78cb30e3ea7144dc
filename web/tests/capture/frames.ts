/** Frames for tests, put together by hand. */

type Part = string | readonly number[] | Uint8Array

export const bytes = (...parts: Part[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    parts.flatMap((part) =>
      typeof part === 'string'
        ? (part.replaceAll(/[^0-9a-f]/gi, '').match(/../g) ?? []).map((x) => Number.parseInt(x, 16))
        : [...part],
    ),
  )

export const ascii = (text: string): number[] => [...text].map((c) => c.charCodeAt(0))
const u16 = (n: number): number[] => [(n >> 8) & 255, n & 255]
const u32 = (n: number): number[] => [...u16(Math.floor(n / 65536)), ...u16(n % 65536)]
const A = [10, 0, 0, 1]
const B = [10, 0, 0, 2]

const MACS = '02 00 00 00 00 02  02 00 00 00 00 01'

export function ipv4(protocol: number, payload: Uint8Array, back = false): Uint8Array<ArrayBuffer> {
  const [from, to] = back ? [B, A] : [A, B]
  return bytes(MACS, '0800', '4500', u16(20 + payload.length), '0001 4000 40', [protocol], '0000', from, to, payload)
}

/** A TCP segment from 10.0.0.1:4000 to 10.0.0.2:80, or back. */
export function tcp(sequence: number, flags: number, payload: string, back = false): Uint8Array<ArrayBuffer> {
  const ports = back ? [...u16(80), ...u16(4000)] : [...u16(4000), ...u16(80)]
  return ipv4(6, bytes(ports, u32(sequence), u32(0), [0x50, flags], '0400 0000 0000', ascii(payload)), back)
}

export const udp = (from: number, to: number, payload: Uint8Array): Uint8Array<ArrayBuffer> =>
  ipv4(17, bytes(u16(from), u16(to), u16(8 + payload.length), '0000', payload))

export const arpRequest = bytes(
  'ff ff ff ff ff ff  02 00 00 00 00 01  0806  0001 0800 06 04 0001  02 00 00 00 00 01',
  A,
  '00 00 00 00 00 00',
  B,
)
