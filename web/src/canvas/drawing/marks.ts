/** What the overview shows beside the picture, read from the store and kept until a record changes. */

import type { Editor } from '@/editor'
import { afterColon, interfaceId, namespaceId, netnsId, styleId } from '@/protocol'
import { cachedInterfaceView, flowOf, type LinkState, type Mark } from '@/store'
import type { Drags } from '../input/drag'
import type { BoardLine } from '../model/board'
import { lineMark, lineState } from '../model/lines'
import type { LineShape, NodeShape, Picture } from '../model/picture'
import { rateWidth } from '../model/rate'
import { shownIn } from '../model/shown'
import type { Hue, Marks } from './pass'

export const recordOf = (node: NodeShape): string =>
  node.of.kind === 'namespace' ? namespaceId(node.id) : interfaceId(node.id)

export class StoreMarks implements Marks {
  private readonly states = new WeakMap<BoardLine, LinkState>()
  private readonly ends = new Map<string, LinkState>()
  private readonly hues = new Map<string, Hue | null>()
  private lines: ReadonlyMap<string, readonly BoardLine[]> = new Map()
  private readonly editor: Editor
  private readonly drags: Drags | undefined

  /** `drags`: where one draws links. */
  constructor(editor: Editor, drags?: Drags) {
    this.editor = editor
    this.drags = drags
  }

  /** Know which lines an interface's record belongs to. */
  take(picture: Picture): void {
    const lines = new Map<string, BoardLine[]>()
    for (const { line } of picture.lines) {
      for (const ref of [line.a, line.b]) {
        const list = lines.get(ref)
        if (list) list.push(line)
        else lines.set(ref, [line])
      }
    }
    this.lines = lines
  }

  /** These records changed; true where something is drawn otherwise. */
  changed(ids: Iterable<string>): boolean {
    let any = false
    for (const id of ids) {
      if (id.startsWith('style:')) this.hues.delete(afterColon(id))
      if (id.startsWith('netns:') || id.startsWith('style:')) any = true
      else if (id.startsWith('link:') || id.startsWith('interface:'))
        any = this.forget(id.slice(id.indexOf(':') + 1)) || any
    }
    return any
  }

  private forget(ref: string): boolean {
    const end = this.ends.get(ref)
    let any = end !== undefined && this.readEnd(ref) !== end
    if (any) this.ends.delete(ref)
    for (const line of this.lines.get(ref) ?? []) {
      const before = this.states.get(line)
      if (before === undefined) continue
      const now = this.read(line)
      this.states.set(line, now)
      any = any || now !== before
    }
    return any
  }

  private read({ a, b }: BoardLine): LinkState {
    return lineState(this.readEnd(a), this.readEnd(b))
  }

  private readEnd(ref: string): LinkState {
    return cachedInterfaceView(this.editor.lab, ref)?.state ?? 'pending'
  }

  state({ line }: LineShape): LinkState {
    const known = this.states.get(line)
    if (known) return known
    const state = this.read(line)
    this.states.set(line, state)
    return state
  }

  stateOf(ref: string): LinkState {
    const known = this.ends.get(ref)
    if (known) return known
    const state = this.readEnd(ref)
    this.ends.set(ref, state)
    return state
  }

  target(): string | null {
    const tool = this.editor.tool.get()
    return this.drags?.now.get()?.over ?? (tool.is === 'link' ? tool.to : null)
  }

  staged(node: NodeShape): Mark | undefined {
    const marks = this.editor.lab.overlay.marks.get()
    return marks.size === 0 ? undefined : marks.get(recordOf(node))
  }

  stagedLine({ line }: LineShape): Mark | undefined {
    return lineMark(this.editor.lab.overlay.marks.get(), line)
  }

  hue({ id }: NodeShape): Hue | undefined {
    const known = this.hues.get(id)
    if (known !== undefined) return known ?? undefined
    const style = this.editor.lab.desired.get(styleId(id))
    const hue = (style?.kind === 'style' && style.colour) || null
    this.hues.set(id, hue)
    return hue ?? undefined
  }

  found(node: NodeShape): boolean {
    const found = this.editor.found.get()
    if (found.size === 0) return false
    if (found.has(recordOf(node))) return true
    // An interface is not drawn here: the node that holds it stands for it.
    const inside = node.of.kind === 'namespace' ? node.of.card.chips : node.of.box.ports
    return inside.some(({ ref }) => found.has(interfaceId(ref)))
  }

  warned(node: NodeShape): 'drift' | 'refused' | undefined {
    const [marks, { drift }] = [this.editor.marks.all.get(), this.editor.lab.meta.get()]
    if (marks.size + drift.size === 0) return undefined
    const id = recordOf(node)
    if (marks.get(id)?.problem !== undefined) return 'refused'
    return drift.has(id) ? 'drift' : undefined
  }

  ghost(node: NodeShape): boolean {
    return node.of.kind === 'namespace' && !this.editor.lab.live.has(netnsId(node.id))
  }

  tint({ line }: LineShape): number | undefined {
    const { byRef } = shownIn(this.editor).subnets.get()
    return byRef.get(line.a) ?? byRef.get(line.b)
  }

  busy({ line }: LineShape): number {
    if (!this.editor.view.get().traffic || line.kind !== 'pair') return 0
    const { rates } = this.editor.lab
    const flow = flowOf(rates.get(line.a), rates.get(line.b))
    const width = flow ? rateWidth(flow.out + flow.back) : 0
    // Whole pixels: lines of one width are drawn with one stroke.
    return width === 0 ? 0 : Math.max(1, Math.round(width * 0.45))
  }
}
