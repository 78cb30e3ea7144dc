import type { Editor } from '@/editor'
import { flowOf } from '@/store'
import { readColours, watchColours } from '../drawing/colours'
import type { FlowCamera } from '../flow/port'
import type { Board } from '../model/board'
import { type LineShape, Picture } from '../model/picture'
import { busyPaths, marksOn, type TrafficPath } from './paths'

/** Between two drawings, in ms: what moves so slowly needs no more. Measured at 1,000 nodes with 25 busy lines: 3 to 4 % of a processor in the
 * page, 13 % in all of the browser (5 and 17 % at 50 ms), and no frame. */
const PACE_MS = 66
/** How long the view must stand still, in ms. */
const CALM_MS = 200
/** Of a mark: in canvas units, and in pixels at least. */
const [RADIUS, LEAST] = [3.5, 1.8]

const calm = window.matchMedia?.('(prefers-reduced-motion: reduce)')

/** What runs over links, as marks that move its way: on the busiest that are seen, and only while the view stands still. On a canvas of its own:
 * what is around is not drawn again for them. As dashes that move along the paths of 34 links they cost three frames each time. */
export class Motion {
  private ways: readonly TrafficPath[] = []
  private colour = readColours().accent
  private radius = LEAST
  private frame = 0
  /** Hidden until the view is at rest. */
  private paused = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private ctx: CanvasRenderingContext2D | null = null
  /** As long as a pointer is down, something may be dragged. */
  private pressed = false
  private readonly picture = new Picture()

  private readonly editor: Editor
  private readonly camera: FlowCamera

  constructor(editor: Editor, camera: FlowCamera) {
    this.editor = editor
    this.camera = camera
  }

  /** What there is to draw on. */
  show(board: Board): void {
    if (this.picture.update(board) && this.ctx) this.later()
  }

  /** Draw into this canvas; returns how to stop. */
  start(canvas: HTMLCanvasElement): () => void {
    if (calm?.matches) return () => undefined
    this.ctx = canvas.getContext('2d')
    let due: ReturnType<typeof setTimeout> | undefined
    const counted = (): void => {
      due ??= setTimeout(() => {
        due = undefined
        if (!this.paused) this.look()
      }, CALM_MS)
    }
    const off = [
      this.camera.subscribe(this.later),
      this.editor.lab.rates.watch(counted),
      watchColours(() => {
        this.colour = readColours().accent
      }),
    ]
    const end = new AbortController()
    const press = (event: Event): void => {
      this.pressed = event.type === 'pointerdown'
      this.later()
    }
    for (const type of ['pointerdown', 'pointerup', 'pointercancel'])
      window.addEventListener(type, press, { signal: end.signal, capture: true })
    this.look()
    return () => {
      this.rest()
      this.ctx = null
      end.abort()
      clearTimeout(due)
      for (const stop of off) stop()
    }
  }

  private rest(): void {
    clearTimeout(this.timer)
    cancelAnimationFrame(this.frame)
    this.timer = undefined
    this.frame = 0
  }

  /** The view or a node moves: the frames are for that. */
  private readonly later = (): void => {
    this.rest()
    if (!this.paused) this.clear()
    this.paused = true
    this.timer = setTimeout(this.look, CALM_MS)
  }

  /** Finds the busy lines, and continues the animation. */
  private readonly look = (): void => {
    this.rest()
    const { ctx } = this
    if (!ctx) return
    if (this.pressed) {
      this.later()
      return
    }
    this.paused = false
    const { canvas } = ctx
    const now = this.camera.get()
    this.radius = Math.max(RADIUS * now.zoom, LEAST)
    this.ways = busyPaths(this.picture.lines, this.flow, now)
    canvas.dataset.lines = `${this.ways.length}`
    if (this.ways.length === 0) {
      this.clear()
      return
    }
    const ratio = window.devicePixelRatio || 1
    const [width, height] = [Math.round(now.width * ratio), Math.round(now.height * ratio)]
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
    this.frame = requestAnimationFrame(this.step)
  }

  private readonly flow = ({ line }: LineShape): ReturnType<typeof flowOf> => {
    const { rates } = this.editor.lab
    return line.kind === 'pair' ? flowOf(rates.get(line.a), rates.get(line.b)) : undefined
  }

  private readonly step = (now: number): void => {
    this.frame = 0
    const { ctx, radius } = this
    if (!ctx) return
    this.clear()
    ctx.fillStyle = this.colour
    ctx.beginPath()
    for (const way of this.ways) {
      for (const { x, y } of marksOn(way, now / 1000)) {
        ctx.moveTo(x + radius, y)
        ctx.arc(x, y, radius, 0, 2 * Math.PI)
      }
    }
    ctx.fill()
    this.timer = setTimeout(() => {
      this.frame = requestAnimationFrame(this.step)
    }, PACE_MS)
  }

  private clear(): void {
    this.ctx?.clearRect(0, 0, this.ctx.canvas.width, this.ctx.canvas.height)
  }
}
