/** What is used of gifenc 1.0.3, which comes without types. */
declare module 'gifenc' {
  type Palette = number[][]

  export function quantize(rgba: Uint8ClampedArray, maxColors: number): Palette
  /** The index into the palette of each pixel. */
  export function applyPalette(rgba: Uint8ClampedArray, palette: Palette): Uint8Array

  interface FrameOptions {
    /** The first frame's is that of all. */
    palette?: Palette
    /** ms */
    delay: number
    transparent?: boolean
    transparentIndex?: number
    /** 1: what is drawn stays under the next frame. */
    dispose?: number
  }
  interface Encoder {
    writeFrame(indices: Uint8Array, width: number, height: number, options: FrameOptions): void
    finish(): void
    bytes(): Uint8Array<ArrayBuffer>
  }
  export function GIFEncoder(): Encoder
}
