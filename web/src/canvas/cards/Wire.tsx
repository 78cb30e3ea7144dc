import { memo } from 'react'
import { useEditor } from '@/editor'
import { interfaceId } from '@/protocol'
import { type LinkState, useInterface } from '@/store'
import { cx } from '@/ui'
import { type Anchor, bestPair } from '../model/anchors'
import type { BoardLine } from '../model/board'
import { along, barsOf, broken, type Curve, curveOf, pathOf } from '../model/curve'
import { lineState } from '../model/lines'
import { stateWord, useCanvasTexts } from '../texts/canvas'
import { Flowing } from './Flowing'
import { useStagedLine } from './shows'
import styles from './Wire.module.css'
import { Blocked, EndLabels, useTint } from './WireParts'

/** A veth pair, or an interface on its parent. The corners are those of the nodes at its ends, in canvas units. */
export const Wire = memo(function Wire(props: { line: BoardLine; ax: number; ay: number; bx: number; by: number }) {
  const { line, ax, ay, bx, by } = props
  const editor = useEditor()
  const { lab } = editor
  const t = useCanvasTexts()
  const a = useInterface(lab, line.a)?.state ?? 'pending'
  const b = useInterface(lab, line.b)?.state ?? 'pending'
  const tint = useTint(line)
  const staged = useStagedLine(line)
  const ends = bestPair(line.from.options, line.to.options, { x: ax, y: ay }, { x: bx, y: by })
  if (!ends) return null
  const state = lineState(a, b)
  const ids = (line.kind === 'pair' ? [line.a, line.b] : [line.a]).map(interfaceId)
  const curve = curveOf(...ends)
  const path = pathOf(curve)
  const name = line.kind === 'pair' ? t.linkName(line.a, line.b, stateWord(t, state)) : t.parentName(line.a, line.b)
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons inside an SVG
    <g
      role="button"
      tabIndex={0}
      aria-label={name}
      aria-pressed={line.selected}
      className={cx(styles.wire, styles[line.kind], line.selected && styles.selected)}
      data-state={state}
      data-mark={staged}
      data-ends={ids.join(' ')}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return
        event.preventDefault()
        editor.select(ids)
      }}
    >
      <path className={styles.reach} d={path} />
      <path
        className={styles.line}
        d={state === 'no-carrier' ? unplugged(curve) : path}
        style={tint && !line.selected && !staged ? { stroke: tint } : undefined}
      />
      <Flowing line={line} path={path} middle={along(curve, 0.5)} />
      <Pin at={ends[0]} state={a} />
      <Pin at={ends[1]} state={b} />
      <Blocked of={line.a} at={ends[0]} />
      <Blocked of={line.b} at={ends[1]} />
      <EndLabels line={line} />
    </g>
  )
})

/** In canvas units. */
const GAP = 12
const BAR = 5

/** A line that is up and leads nowhere is interrupted. Dashes would say it too, but hundreds of them cost more than a frame to draw. */
function unplugged(curve: Curve): string {
  const parts = broken(curve, GAP)
  return parts.map(pathOf).join('') + barsOf(parts, BAR)
}

/** Where a link meets the border of its node, in the state of that end. */
function Pin({ at, state }: { at: Anchor; state: LinkState }) {
  return <circle className={styles.pin} data-state={state} cx={at.x} cy={at.y} r={4} />
}
