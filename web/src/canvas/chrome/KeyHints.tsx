import { useEditor, useGestureTexts } from '@/editor'
import { usePart } from '@/ui'
import { useCanvasTexts } from '../texts/canvas'
import styles from './KeyHints.module.css'

/** What the keys do now: while a link is drawn, and while the keyboard walks over the canvas. */
export function KeyHints() {
  return (
    <div className={styles.rail}>
      <Hints />
    </div>
  )
}

function Hints() {
  const editor = useEditor()
  const g = useGestureTexts()
  const from = usePart(editor.tool, (tool) => (tool.is === 'link' ? tool.from.join(', ') : null))
  if (from !== null)
    return (
      <p className={styles.hints} data-shown role="status">
        {g.aim(from)}
      </p>
    )
  return <WalkHints />
}

function WalkHints() {
  const t = useCanvasTexts()
  const hints: readonly (readonly [string, string])[] = [
    ['← ↑ ↓ →', t.keyWalk],
    ['Space', t.keySelect],
    ['Alt ←', t.keyMove],
    ['L', t.keyLink],
    ['Shift F10', t.keyMenu],
  ]
  return (
    <p className={styles.hints}>
      {hints.map(([key, text]) => (
        <span key={key}>
          <kbd>{key}</kbd> {text}
        </span>
      ))}
    </p>
  )
}
