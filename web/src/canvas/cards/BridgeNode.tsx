import { memo } from 'react'
import { useEditor } from '@/editor'
import { interfaceId, isOn, nameOf, namespaceOf, type Style } from '@/protocol'
import { useInterface } from '@/store'
import { usePart } from '@/ui'
import type { BridgeBox } from '../model/geometry'
import { stateWord, useCanvasTexts } from '../texts/canvas'
import styles from './BridgeNode.module.css'
import { Chip } from './Chip'
import { MarkDot } from './MarkDot'
import { LinkPlug } from './NamespaceCard'
import { LockMark, NodeIcon, useOver, useStyle } from './NodeIcon'
import { StateDot } from './StateDot'
import { useIsFound, useStaged } from './shows'

/** A bridge with its ports, inside its namespace's card. */
export const BridgeNode = memo(function BridgeNode({
  box,
  selected,
  far,
}: {
  box: BridgeBox
  selected: boolean
  far: boolean
}) {
  const editor = useEditor()
  const t = useCanvasTexts()
  const { ref } = box
  const found = useIsFound(interfaceId(ref))
  const staged = useStaged(interfaceId(ref))
  const over = useOver(ref)
  const style = useStyle(editor.lab, ref)
  return (
    // biome-ignore lint/a11y/useSemanticElements: a bridge is no fieldset
    <div
      role="group"
      className={styles.bridge}
      data-node={ref}
      data-id={interfaceId(ref)}
      data-selected={selected || undefined}
      data-over={over || undefined}
      data-found={found || undefined}
      data-staged={staged}
      data-colour={style?.colour ?? undefined}
      aria-label={t.bridgeCard(ref)}
    >
      {far ? (
        <div className={styles.far}>{nameOf(ref)}</div>
      ) : (
        <>
          <Header box={box} selected={selected} style={style} />
          {box.ports.map((port) => (
            <Chip key={port.ref} chip={port} form="port" />
          ))}
        </>
      )}
    </div>
  )
})

function Header(props: { box: BridgeBox; selected: boolean; style: Style | undefined }) {
  const { box, selected, style } = props
  const t = useCanvasTexts()
  const editor = useEditor()
  const { ref } = box
  const id = interfaceId(ref)
  const view = useInterface(editor.lab, ref)
  const drifts = usePart(editor.lab.meta, (meta) => meta.drift.has(id))
  if (!view) return null
  return (
    <header className={styles.header}>
      <StateDot state={view.state} />
      {style?.icon && <NodeIcon name={style.icon} size={14} className={styles.icon} />}
      <button
        type="button"
        className={styles.title}
        aria-pressed={selected}
        aria-label={t.bridgeName(nameOf(ref), namespaceOf(ref), stateWord(t, view.state), box.ports.length)}
      >
        {view.name}
      </button>
      {style?.locked && <LockMark />}
      {view.desired && isOn(view.desired, 'stp') && <span className={styles.badge}>{t.stp}</span>}
      {view.desired && isOn(view.desired, 'vlan_filtering') && <span className={styles.badge}>{t.vlans}</span>}
      <MarkDot id={id} />
      {drifts && <span className={styles.drift} title={t.drift} />}
      <span className={styles.address}>{view.addresses[0]}</span>
      <LinkPlug node={ref} />
    </header>
  )
}
