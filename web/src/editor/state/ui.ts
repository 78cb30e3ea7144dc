/** What is open beside the canvas. */

import type { Kind } from '@/protocol'

/** Nodes are `ns0` or `host/br0`; refs are `ns0/veth0`. The canvas draws the first group, the panels the second. */
export type DialogState =
  | { kind: 'namespace'; at?: { x: number; y: number } | undefined }
  | { kind: 'link'; a?: string | undefined; b?: string | undefined }
  | { kind: 'interface'; which: Kind; namespace?: string | undefined; lower?: string | undefined }
  | { kind: 'star'; hub: string }
  | { kind: 'move'; ref: string }
  | { kind: 'master'; ref: string }
  | { kind: 'rename'; ref: string }
  | { kind: 'ping'; source?: string | undefined; target?: string | undefined }
  | { kind: 'palette' }
  | { kind: 'shortcuts' }
  | { kind: 'labs' }
  | { kind: 'name' }
  | { kind: 'doctor' }
  | { kind: 'netns' }
  | { kind: 'new-lab' }
  | { kind: 'export' }
  | { kind: 'picture' }
  | { kind: 'import'; text?: string | undefined; fileName?: string | undefined }

/** What is open on the canvas itself, at a point of the window: where a link that ended on nothing shall lead; the ends of new links. */
export type CanvasPopover =
  | { kind: 'choose'; from: readonly string[]; at: { x: number; y: number } }
  | { kind: 'ends'; links: readonly (readonly [string, string])[]; at: { x: number; y: number } }

/** The panel at the right. */
export type SideState = 'inspector' | 'history' | null

export type Level = 'info' | 'warning' | 'error'

export interface Toast {
  id: number
  level: Level
  message: string
  hint?: string | undefined
  /** A record id: "show" selects it. */
  subject?: string | undefined
}

/** `whole`: everything at 100 %, whatever the view shows. `shown`: in the current theme. */
export interface PictureOptions {
  what: 'seen' | 'whole'
  theme: 'shown' | 'light' | 'dark'
}

/** A drawing; width and height in CSS pixels. */
export interface Picture {
  svg: string
  width: number
  height: number
}

/** What the editor needs of the canvas; null while there is none. Canvas units. */
export interface Viewport {
  fit(): void
  /** Bring these records into view, as large as fits. */
  fitTo(recordIds: readonly string[]): void
  zoomIn(): void
  zoomOut(): void
  zoomReset(): void
  /** As `reveal`, where it is not seen already. */
  show(recordId: string): void
  /** Pan so that this namespace or interface is seen. */
  reveal(recordId: string): void
  /** Pan to this namespace or interface where it is not seen; the zoom stays. */
  follow(recordId: string): void
  /** Where the cards of namespaces stand. */
  taken(): readonly { x: number; y: number; w: number; h: number }[]
  /** Make sure that this box is seen: zoom out where it is not. */
  include(box: { x: number; y: number; w: number; h: number }): void
  /** The boxes of all nodes, areas and notes on the canvas, by `ns0`, `host/br0`, `area:dmz`. */
  boxes(): ReadonlyMap<string, { x: number; y: number; w: number; h: number }>
  /** A point of the canvas, in pixels of the window. */
  toWindow(at: { x: number; y: number }): { x: number; y: number }
  /** The middle of what is seen. */
  centre(): { x: number; y: number }
  /** The canvas as a drawing. */
  picture(options: PictureOptions): Promise<Picture>
}
