import type { CSSProperties } from 'react'
import { useEditor } from '@/editor'
import { usePart, useValue } from '@/ui'
import { shownIn } from '../model/shown'
import { useOverlayTexts } from '../texts/overlays'
import styles from './SubnetLegend.module.css'

/** Which colour is which subnet. */
export function SubnetLegend() {
  const editor = useEditor()
  const t = useOverlayTexts()
  const on = usePart(editor.view, (view) => view.subnets)
  const { list } = useValue(shownIn(editor).subnets)
  if (!on) return null
  return (
    <ul className={styles.subnets} aria-label={t.subnets}>
      {list.length === 0 && <li>{t.noSubnets}</li>}
      {list.map(({ net, colour, members }) => (
        <li key={net} title={t.members(members)}>
          <span className={styles.swatch} style={{ '--net': `var(--net-${colour})` } as CSSProperties} />
          {net}
        </li>
      ))}
    </ul>
  )
}
