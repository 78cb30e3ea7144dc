import { useEditor } from '@/editor'
import { useAmounts } from '@/i18n/amounts'
import { flowOf, useRecord } from '@/store'
import { usePart } from '@/ui'
import type { Point } from '../model/anchors'
import type { BoardLine } from '../model/board'
import { rateWidth } from '../model/rate'
import { Plate } from './WireParts'
import styles from './WireParts.module.css'

/** What runs over a link right now, as width and in numbers. Nothing where nothing runs. */
export function Flowing({ line, path, middle }: { line: BoardLine; path: string; middle: Point }) {
  const editor = useEditor()
  const on = usePart(editor.view, (view) => view.traffic)
  return on && line.kind === 'pair' ? <Flow line={line} path={path} middle={middle} /> : null
}

function Flow({ line, path, middle }: { line: BoardLine; path: string; middle: Point }) {
  const { rates } = useEditor().lab
  const a = useRecord(rates, line.a)
  const b = useRecord(rates, line.b)
  const { bits } = useAmounts()
  const flow = flowOf(a, b)
  if (!flow || flow.out + flow.back < 1) return null
  const width = 2 + rateWidth(flow.out + flow.back)
  const label = { ...middle, lines: [bits(flow.out + flow.back)] }
  return (
    <g className={styles.traffic} data-testid="traffic" data-rate={Math.round(flow.out + flow.back)}>
      <path className={styles.stream} d={path} strokeWidth={width} />
      <Plate label={label} />
      <text className={styles.label} x={label.x} y={label.y}>
        {label.lines}
      </text>
    </g>
  )
}
