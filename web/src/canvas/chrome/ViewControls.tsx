import { BoxSelect, CircleHelp, Maximize, Minus, Plus } from 'lucide-react'
import { useState } from 'react'
import {
  type Action,
  fit,
  runAction,
  selectTool,
  shown,
  useEditor,
  useEditorTexts,
  zoomIn,
  zoomOut,
  zoomReset,
} from '@/editor'
import type { LinkState } from '@/store'
import { IconButton, Tooltip, usePart } from '@/ui'
import { StateDot } from '../cards/StateDot'
import { useZoomPercent } from '../flow/camera'
import { useCanvasTexts } from '../texts/canvas'
import { ShowMenu } from './ShowMenu'
import { SubnetLegend } from './SubnetLegend'
import styles from './ViewControls.module.css'

/** Zoom, fit and the legend, in the lower left corner. */
export function ViewControls() {
  const t = useCanvasTexts()
  const et = useEditorTexts()
  const editor = useEditor()
  const percent = useZoomPercent()
  const marquee = usePart(editor.tool, (tool) => tool.is === 'select')
  const [legend, setLegend] = useState(false)
  const props = (action: Action) => ({
    label: action.label(et),
    shortcut: shown(action.shortcuts?.[0] ?? ''),
    onClick: () => runAction(action, editor),
  })
  return (
    <div className={styles.corner}>
      <SubnetLegend />
      {legend && <Legend />}
      <div className={styles.bar} role="toolbar" aria-label={t.controls}>
        <IconButton {...props(zoomOut)}>
          <Minus size={16} />
        </IconButton>
        <Tooltip text={zoomReset.label(et)} shortcut="0">
          <button
            type="button"
            className={styles.percent}
            aria-label={zoomReset.label(et)}
            onClick={() => runAction(zoomReset, editor)}
          >
            {percent} %
          </button>
        </Tooltip>
        <IconButton {...props(zoomIn)}>
          <Plus size={16} />
        </IconButton>
        <IconButton {...props(fit)}>
          <Maximize size={15} />
        </IconButton>
        <IconButton {...props(selectTool)} pressed={marquee}>
          <BoxSelect size={15} />
        </IconButton>
        <ShowMenu />
        <IconButton label={t.legend} pressed={legend} onClick={() => setLegend(!legend)}>
          <CircleHelp size={16} />
        </IconButton>
      </div>
    </div>
  )
}

function Legend() {
  const t = useCanvasTexts()
  const rows: [LinkState, string][] = [
    ['up', t.legendUp],
    ['down', t.legendDown],
    ['no-carrier', t.legendNoCarrier],
    ['pending', t.legendPending],
  ]
  return (
    <dl className={styles.legend} aria-label={t.legend}>
      {rows.map(([state, text]) => (
        <div key={state} className={styles.row}>
          <dt data-state={state}>
            <StateDot state={state} />
            <svg width="30" height="12" aria-hidden="true">
              <path d={state === 'no-carrier' ? 'M0 6H10M20 6H30M10 2V10M20 2V10' : 'M0 6H30'} />
            </svg>
          </dt>
          <dd>{text}</dd>
        </div>
      ))}
      <div className={styles.row}>
        <dt data-state="parent">
          <svg width="46" height="6" aria-hidden="true">
            <path d="M8 3H46" />
          </svg>
        </dt>
        <dd>{t.legendParent}</dd>
      </div>
    </dl>
  )
}
