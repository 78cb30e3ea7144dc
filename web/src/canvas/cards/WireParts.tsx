import { useEditor } from '@/editor'
import { usePart } from '@/ui'
import type { Point } from '../model/anchors'
import type { BoardLine } from '../model/board'
import { boxOf, type Label, PAD } from '../model/endLabels'
import { shownIn } from '../model/shown'
import { useOverlayTexts } from '../texts/overlays'
import { useClosed } from './shows'
import styles from './WireParts.module.css'

/** The colour of the subnet of a link, while subnets are shown. */
export function useTint(line: BoardLine): string | undefined {
  const { subnets } = shownIn(useEditor())
  const colour = usePart(subnets, ({ byRef }) => byRef.get(line.a) ?? byRef.get(line.b))
  return colour === undefined ? undefined : `var(--net-${colour})`
}

/** The labels at both ends of a link, where they are wanted and have room. */
export function EndLabels({ line }: { line: BoardLine }) {
  const ends = usePart(shownIn(useEditor()).labels, (labels) => labels.get(line.id))
  return (
    <>
      {ends?.a && <Text label={ends.a} />}
      {ends?.b && <Text label={ends.b} />}
    </>
  )
}

const LINE_H = 13

function Text({ label }: { label: Label }) {
  const { x, y, lines } = label
  return (
    <>
      <Plate label={label} />
      <text className={styles.label} x={x} y={y - ((lines.length - 1) * LINE_H) / 2} data-testid="end-label">
        {lines.map((text, i) => (
          <tspan key={text} x={x} dy={i === 0 ? 0 : LINE_H}>
            {text}
          </tspan>
        ))}
      </text>
    </>
  )
}

/** The ground on which the letters of a label stand: no larger, so that the link beside them stays whole. */
export function Plate({ label }: { label: Label }) {
  const { x, y, w, h } = boxOf(label)
  return <rect className={styles.plate} x={x} y={y + PAD} width={w} height={h - 2 * PAD} rx={4} />
}

/** A cross at the end of a link whose port the spanning tree keeps closed. */
export function Blocked({ of, at }: { of: string; at: Point }) {
  const t = useOverlayTexts()
  const state = useClosed(of)
  if (!state) return null
  const r = 6
  return (
    <g data-testid="blocked">
      <title>{t.blocked(state)}</title>
      <path
        className={styles.blocked}
        d={`M${at.x - r} ${at.y - r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`}
      />
    </g>
  )
}
