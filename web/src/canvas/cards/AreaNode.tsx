import { Lock } from 'lucide-react'
import { memo } from 'react'
import { useEditor, useGestureTexts } from '@/editor'
import type { Area } from '@/protocol'
import { usePart } from '@/ui'
import { useShapeTexts } from '../texts/shapes'
import styles from './AreaNode.module.css'
import { InlineText } from './InlineText'
import { ResizeCorners } from './ResizeCorners'

/** A labelled area behind the nodes. Only its label and border take the pointer: what lies in it stays in reach. */
export const AreaNode = memo(function AreaNode({ area, selected }: { area: Area; selected: boolean }) {
  const editor = useEditor()
  const t = useShapeTexts()
  const id = `area:${area.name}`
  const label = area.label || area.name
  const writing = usePart(editor.inline, (inline) => inline === id)
  const save = (text: string): void => {
    if (text !== label)
      void editor.edit([{ do: 'put-area', area: { ...area, label: text } }], useGestureTexts.now().labelled(text))
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: an area is no fieldset
    <div
      role="group"
      className={styles.area}
      data-id={id}
      data-colour={area.colour ?? 'blue'}
      data-selected={selected || undefined}
      aria-label={t.area(label, area.locked ?? false)}
    >
      <div className={styles.border} />
      <div className={styles.label}>
        {writing ? (
          <InlineText label={t.areaLabel} text={label} onSave={save} className={styles.input} />
        ) : (
          <button
            type="button"
            className={styles.title}
            aria-pressed={selected}
            aria-label={t.area(label, area.locked ?? false)}
          >
            {area.locked && <Lock size={12} aria-hidden="true" />}
            {label}
          </button>
        )}
      </div>
      {selected && !area.locked && <ResizeCorners id={id} />}
    </div>
  )
})
