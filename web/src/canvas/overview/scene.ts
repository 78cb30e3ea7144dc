import type { Editor } from '@/editor'
import type { Point } from '../anchors'
import type { Board } from '../board'
import { shownIn } from '../glance/shown'
import type { FlowCamera, FlowEvents } from '../port'
import { readColours, watchColours } from './colours'
import { Hand } from './hand'
import { recordOf, StoreMarks } from './marks'
import { paint } from './paint'
import { type NodeShape, Picture } from './picture'

/** What the layer knows, and when it draws: at most once a frame, and only when something changed. */
export class OverviewScene {
  readonly picture = new Picture()
  readonly marks: StoreMarks
  readonly hand: Hand
  focus: string | null = null
  private context: CanvasRenderingContext2D | null = null
  private colours: ReturnType<typeof readColours> | null = null
  private frame = 0

  readonly camera: FlowCamera
  private readonly editor: Editor
  private readonly events: () => FlowEvents

  constructor(editor: Editor, camera: FlowCamera, events: () => FlowEvents) {
    this.editor = editor
    this.camera = camera
    this.events = events
    this.marks = new StoreMarks(editor)
    this.hand = new Hand({
      picture: this.picture,
      toCanvas: (at) => camera.toCanvas(at),
      zoom: () => camera.get().zoom,
      redraw: this.redraw,
      events,
    })
  }

  update(board: Board): void {
    if (!this.picture.update(board)) return
    this.marks.take(this.picture)
    this.redraw()
  }

  /** Draw into this canvas from now on. */
  attach(canvas: HTMLCanvasElement): () => void {
    this.context = canvas.getContext('2d')
    this.colours = readColours()
    const { lab } = this.editor
    const records = (ids: Iterable<string>): void => {
      if (this.marks.changed(ids)) this.redraw()
    }
    const off = [
      this.camera.subscribe(this.redraw),
      lab.live.watch(records),
      lab.desired.watch(records),
      lab.meta.subscribe(this.redraw),
      lab.rates.watch(this.redraw),
      ...[this.editor.found, this.editor.view, this.editor.marks.all].map((value) => value.subscribe(this.redraw)),
      shownIn(this.editor).subnets.subscribe(this.redraw),
      watchColours(() => {
        this.colours = readColours()
        this.redraw()
      }),
    ]
    this.draw()
    return () => {
      for (const end of off) end()
      cancelAnimationFrame(this.frame)
      this.frame = 0
      this.context = null
    }
  }

  readonly redraw = (): void => {
    if (this.frame !== 0 || !this.context) return
    this.frame = requestAnimationFrame(() => {
      this.frame = 0
      this.draw()
    })
  }

  readonly open = (node: NodeShape): void => this.editor.viewport.get()?.reveal(recordOf(node))

  readonly choose = (node: NodeShape, add: boolean): void => {
    const was = node.of.selected
    const picked = [{ node: node.id }]
    this.events().onSelect({ on: add && was ? [] : picked, off: add && was ? picked : [], add })
  }

  private draw(): void {
    const { context: ctx, colours } = this
    if (!ctx || !colours) return
    const { x, y, zoom, width, height } = this.camera.get()
    const ratio = window.devicePixelRatio || 1
    const { canvas } = ctx
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)]
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h })
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
    ctx.clearRect(0, 0, width, height)
    paint(ctx, this.picture, { x, y, zoom }, { width, height }, colours, this.marks, this.hand.shift)
    this.drawHand(ctx, { x, y }, zoom)
  }

  /** The marquee, and what the keyboard is at. */
  private drawHand(ctx: CanvasRenderingContext2D, { x, y }: Point, zoom: number): void {
    const { colours } = this
    const node = this.focus === null ? undefined : this.picture.node(this.focus)
    const area = this.hand.marquee
    if (!colours) return
    ctx.strokeStyle = colours.accent
    if (node) {
      ctx.lineWidth = 2
      ctx.strokeRect(node.x * zoom + x - 4, node.y * zoom + y - 4, node.w * zoom + 8, node.h * zoom + 8)
    }
    if (!area) return
    ctx.lineWidth = 1
    ctx.fillStyle = colours.accent
    ctx.globalAlpha = 0.1
    ctx.fillRect(area.x * zoom + x, area.y * zoom + y, area.w * zoom, area.h * zoom)
    ctx.globalAlpha = 1
    ctx.strokeRect(area.x * zoom + x, area.y * zoom + y, area.w * zoom, area.h * zoom)
  }
}
