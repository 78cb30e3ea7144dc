import { useLayoutEffect, useState } from 'react'
import type { Suggestion } from '../model/complete'
import styles from './TextField.module.css'
import { useWriteTexts } from './texts'

/** What can follow, below the caret. */
export function Suggestions({
  id,
  offers,
  chosen,
  onTake,
}: {
  id: string
  offers: readonly Suggestion[]
  chosen: number
  onTake: (offer: Suggestion) => void
}) {
  const t = useWriteTexts()
  const [at, setAt] = useState({ left: 0, top: 32 })
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caret moves with what is offered
  useLayoutEffect(() => {
    const mark = document.getElementById(`${id}-caret`)
    if (mark)
      setAt({ left: Math.max(0, mark.offsetLeft - 14), top: mark.offsetTop - (mark.offsetParent?.scrollTop ?? 0) + 24 })
  }, [id, offers])
  useLayoutEffect(() => {
    document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, chosen])
  return (
    <div id={`${id}-list`} role="listbox" aria-label={t.suggestions} className={styles.list} style={at}>
      {offers.map((offer, i) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and takes the keys
        // biome-ignore lint/a11y/useFocusableInteractive: aria-activedescendant of the field names it
        <div
          key={`${offer.group} ${offer.text}`}
          id={`${id}-${i}`}
          role="option"
          className={styles.offer}
          aria-selected={i === chosen}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onTake(offer)}
        >
          <span className="mono">{offer.text}</span>
          <span className={styles.help}>{offer.help}</span>
          <span className={styles.group}>{t.group(offer.group)}</span>
        </div>
      ))}
    </div>
  )
}
