import type { Editor } from '@/editor'
import { flowOf } from '@/store'
import { readColours, watchColours } from './colours'
import type { LineShape } from './picture'
import type { OverviewScene } from './scene'
import { marksOn, type Way, waysOf } from './ways'

/** Between two drawings, in ms. At 1,000 nodes with 30 busy lines 20 of them a second cost some 3 % of a processor in the page and 10 % in all of
 * the browser, and no frame (measured with 30: 5 and 15 %). */
const PACE_MS = 50
/** How long the view must stand still, in ms. */
const CALM_MS = 200
/** Of a mark, in pixels. */
const RADIUS = 1.8

const calm = window.matchMedia?.('(prefers-reduced-motion: reduce)')

/** What runs over links, as marks that move its way: on the busiest that are seen, and only while the view stands still. On a canvas of its own:
 * the picture below is not drawn again for them. */
export class Motion {
  private ways: readonly Way[] = []
  private colour = readColours().accent
  private frame = 0
  /** Until the view stands still. */
  private paused = false
  private timer: ReturnType<typeof setTimeout> | undefined

  private readonly editor: Editor
  private readonly scene: OverviewScene
  private readonly ctx: CanvasRenderingContext2D

  constructor(editor: Editor, scene: OverviewScene, ctx: CanvasRenderingContext2D) {
    this.editor = editor
    this.scene = scene
    this.ctx = ctx
  }

  /** Returns how to stop. */
  start(): () => void {
    if (calm?.matches) return () => undefined
    let due: ReturnType<typeof setTimeout> | undefined
    const counted = (): void => {
      due ??= setTimeout(() => {
        due = undefined
        if (!this.paused) this.look()
      }, CALM_MS)
    }
    const off = [
      this.scene.camera.subscribe(this.later),
      this.editor.lab.rates.watch(counted),
      watchColours(() => {
        this.colour = readColours().accent
      }),
    ]
    this.look()
    return () => {
      this.rest()
      clearTimeout(due)
      for (const end of off) end()
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

  /** Look which lines are busy, and go on. */
  private readonly look = (): void => {
    this.rest()
    this.paused = false
    const { picture, camera } = this.scene
    const { canvas } = this.ctx
    const now = camera.get()
    this.ways = waysOf(picture.lines, this.flow, now)
    canvas.dataset.lines = `${this.ways.length}`
    if (this.ways.length === 0) {
      this.clear()
      return
    }
    const ratio = window.devicePixelRatio || 1
    const [width, height] = [Math.round(now.width * ratio), Math.round(now.height * ratio)]
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
    this.ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
    this.frame = requestAnimationFrame(this.step)
  }

  private readonly flow = ({ line }: LineShape): ReturnType<typeof flowOf> => {
    const { rates } = this.editor.lab
    return line.kind === 'pair' ? flowOf(rates.get(line.a), rates.get(line.b)) : undefined
  }

  private readonly step = (now: number): void => {
    this.frame = 0
    if (this.scene.hand.busy) {
      this.later()
      return
    }
    const { ctx } = this
    this.clear()
    ctx.fillStyle = this.colour
    ctx.beginPath()
    for (const way of this.ways) {
      for (const { x, y } of marksOn(way, now / 1000)) {
        ctx.moveTo(x + RADIUS, y)
        ctx.arc(x, y, RADIUS, 0, 2 * Math.PI)
      }
    }
    ctx.fill()
    this.timer = setTimeout(() => {
      this.frame = requestAnimationFrame(this.step)
    }, PACE_MS)
  }

  private clear(): void {
    this.ctx.clearRect(0, 0, this.ctx.canvas.width, this.ctx.canvas.height)
  }
}
