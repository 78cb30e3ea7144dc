import { Network, SquareDashed } from 'lucide-react'
import { drawLinksToNew, type NewNode, partsOf, useEditor } from '@/editor'
import { HOST } from '@/protocol'
import { useCanvas } from '../input/context'
import { usePopoverTexts } from '../texts/popovers'
import { Popover } from './Popover'
import styles from './Popover.module.css'

/** A link was dropped on nothing: the node that it leads to is made with it. */
export function ChooseNode({ from, at }: { from: readonly string[]; at: { x: number; y: number } }) {
  const editor = useEditor()
  const t = usePopoverTexts()
  const { toCanvas } = useCanvas()
  const near = from[0] === undefined ? HOST : partsOf(from[0]).namespace
  const make = (fresh: NewNode): void => {
    editor.popover.set(null)
    void drawLinksToNew(editor, from, fresh, at)
  }
  const corner = (): { x: number; y: number } => {
    const { x, y } = toCanvas(at)
    return { x: x - 130, y: y - 22 }
  }
  return (
    <Popover at={at} label={t.choose}>
      <button
        type="button"
        className={styles.choice}
        data-first
        onClick={() => make({ kind: 'namespace', at: corner() })}
      >
        <SquareDashed size={17} aria-hidden="true" />
        {t.newNamespace}
      </button>
      {[...new Set([HOST, near])].map((namespace) => (
        <button
          key={namespace}
          type="button"
          className={styles.choice}
          onClick={() => make({ kind: 'bridge', namespace })}
        >
          <Network size={17} aria-hidden="true" />
          {t.newBridge(namespace)}
        </button>
      ))}
    </Popover>
  )
}
