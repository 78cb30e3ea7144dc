import { type Editor, isLocked } from '@/editor'
import { isShape } from '@/protocol'
import type { FlowCamera, FlowEvents } from '../flow/port'
import type { CanvasTools } from '../input/context'
import { OverviewPointer } from '../input/overviewPointer'
import { idOf } from '../input/useNodeEvents'
import type { Point } from '../model/anchors'
import type { Board } from '../model/board'
import { Picture } from '../model/picture'
import { shownIn } from '../model/shown'
import { readColours, watchColours } from './colours'
import { StoreMarks } from './marks'
import { paint } from './paint'
import type { Camera } from './pass'

/** What the overview layer gets from the canvas. */
export interface SceneContext {
  events: FlowEvents
  /** No node is moved. */
  fixed: boolean
}

/** What the layer knows, and when it draws: at most once a frame, and only when something changed. */
export class OverviewScene {
  readonly picture = new Picture()
  readonly marks: StoreMarks
  readonly hand: OverviewPointer
  focus: string | null = null
  private context: CanvasRenderingContext2D | null = null
  private colours: ReturnType<typeof readColours> | null = null
  private frame = 0

  readonly camera: FlowCamera
  private readonly editor: Editor
  private readonly tools: CanvasTools
  private readonly around: () => SceneContext

  constructor(editor: Editor, camera: FlowCamera, tools: CanvasTools, around: () => SceneContext) {
    this.editor = editor
    this.camera = camera
    this.tools = tools
    this.around = around
    this.marks = new StoreMarks(editor, tools.drags)
    this.hand = new OverviewPointer({
      picture: this.picture,
      toCanvas: (at) => camera.toCanvas(at),
      zoom: () => camera.get().zoom,
      tool: () => editor.tool.get().is,
      fixed: () => around().fixed,
      redraw: this.redraw,
      events: () => around().events,
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
    const { lab, found, view, marks, tool } = this.editor
    const records = (ids: Iterable<string>): void => {
      if (this.marks.changed(ids)) this.redraw()
    }
    const off = [
      this.camera.subscribe(this.redraw),
      lab.live.watch(records),
      lab.desired.watch(records),
      lab.meta.subscribe(this.redraw),
      lab.rates.watch(this.redraw),
      ...[found, view, marks.all, tool, lab.overlay.marks, this.tools.drags.now].map((v) => v.subscribe(this.redraw)),
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

  /** Come so near to a node that it is drawn by itself; what is written on an area or a note can be changed then. */
  readonly open = (node: string): void => {
    this.editor.viewport.get()?.reveal(idOf(node))
    if (isShape(node) && !this.around().fixed && !isLocked(this.editor, node)) this.editor.inline.set(node)
  }

  readonly choose = (node: string, add: boolean): void => {
    const was = this.picture.on(node)?.selected
    const picked = [{ node }]
    this.around().events.onSelect({ on: add && was ? [] : picked, off: add && was ? picked : [], add })
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
    this.drawHand(ctx, { x, y, zoom })
  }

  /** The guides of a move, the marquee, and what the keyboard is at. */
  private drawHand(ctx: CanvasRenderingContext2D, { x, y, zoom }: Camera): void {
    const { colours } = this
    if (!colours) return
    const at = (px: number, py: number): Point => ({ x: px * zoom + x, y: py * zoom + y })
    ctx.lineWidth = 1
    ctx.strokeStyle = colours.pink
    ctx.beginPath()
    for (const { axis, at: on, from, to } of this.tools.move.guides.get()) {
      const [a, b] = axis === 'x' ? [at(on, from), at(on, to)] : [at(from, on), at(to, on)]
      ctx.moveTo(a.x, a.y)
      ctx.lineTo(b.x, b.y)
    }
    ctx.stroke()
    ctx.strokeStyle = colours.accent
    const node = this.focus === null ? undefined : this.picture.boxOf(this.focus)
    if (node) {
      const { x: left, y: top } = at(node.x, node.y)
      ctx.lineWidth = 2
      ctx.strokeRect(left - 4, top - 4, node.w * zoom + 8, node.h * zoom + 8)
    }
    const area = this.hand.marquee
    if (!area) return
    const { x: left, y: top } = at(area.x, area.y)
    ctx.lineWidth = 1
    ctx.fillStyle = colours.accent
    ctx.globalAlpha = 0.1
    ctx.fillRect(left, top, area.w * zoom, area.h * zoom)
    ctx.globalAlpha = 1
    ctx.strokeRect(left, top, area.w * zoom, area.h * zoom)
  }
}
