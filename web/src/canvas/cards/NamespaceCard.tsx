import { Cable, Route, Server, ShieldHalf } from 'lucide-react'
import { memo, useCallback, useMemo, useSyncExternalStore } from 'react'
import { dragPairs, drawLinks, nextTool, type Point, selectedNodes, showChains, useEditor } from '@/editor'
import { HOST, linkId, nameOf, namespaceId, netnsId, type Style } from '@/protocol'
import { cachedInterfaceView, type LabStore, useRuleCount } from '@/store'
import { cx, usePart } from '@/ui'
import { useCanvas } from '../input/context'
import { type CardBox, inCard } from '../model/geometry'
import { useCanvasTexts } from '../texts/canvas'
import { Chip } from './Chip'
import { MarkDot } from './MarkDot'
import styles from './NamespaceCard.module.css'
import { LockMark, NodeIcon, useOver, useStyle } from './NodeIcon'
import { useIsFound, useStaged } from './shows'

/** A namespace with its interfaces. `far`: so small that only its name can be read. */
export const NamespaceCard = memo(function NamespaceCard({
  name,
  card,
  selected,
  far,
}: {
  name: string
  card: CardBox
  selected: boolean
  far: boolean
}) {
  const t = useCanvasTexts()
  const editor = useEditor()
  const ghost = !useNetns(editor.lab, name).there
  const found = useIsFound(namespaceId(name))
  const staged = useStaged(namespaceId(name))
  const over = useOver(name)
  const style = useStyle(editor.lab, name)
  return (
    // biome-ignore lint/a11y/useSemanticElements: a card is no fieldset
    <div
      role="group"
      className={cx(styles.card, name === HOST && styles.host)}
      data-node={name}
      data-id={namespaceId(name)}
      data-selected={selected || undefined}
      data-over={over || undefined}
      data-found={found || undefined}
      data-ghost={ghost || undefined}
      data-staged={staged}
      data-colour={style?.colour ?? undefined}
      aria-label={t.namespaceCard(name)}
    >
      {far ? (
        <div
          className={styles.far}
          data-bridges={card.bridges.length > 0 || undefined}
          style={{ fontSize: farSize(name, card) }}
        >
          {name}
        </div>
      ) : (
        <>
          <Header name={name} card={card} ghost={ghost} style={style} />
          {card.chips.length + card.bridges.length === 0 && <p className={styles.empty}>{t.dropHere}</p>}
          {card.chips.map((chip) => (
            <Chip key={chip.ref} chip={chip} form="row" />
          ))}
        </>
      )}
    </div>
  )
})

/** As large as the card allows, in canvas units. */
const farSize = (name: string, card: CardBox): number =>
  Math.floor(Math.min(44, card.h * 0.6, card.w / Math.max(4, name.length * 0.62)))

function Header(props: { name: string; card: CardBox; ghost: boolean; style: Style | undefined }) {
  const { name, card, ghost, style } = props
  const t = useCanvasTexts()
  const editor = useEditor()
  const id = namespaceId(name)
  const drifts = usePart(editor.lab.meta, (meta) => meta.drift.has(id))
  const selected = usePart(editor.selection, (ids) => ids.has(id))
  const { forwards } = useNetns(editor.lab, name)
  return (
    <header className={styles.header}>
      {style?.icon ? (
        <NodeIcon name={style.icon} className={styles.icon} />
      ) : (
        name === HOST && <Server className={styles.icon} size={16} aria-hidden="true" />
      )}
      <button
        type="button"
        className={styles.title}
        title={name}
        aria-pressed={selected}
        aria-label={t.namespaceName(name, inCard(card))}
        aria-description={useAddresses(editor.lab, card)}
      >
        {name}
      </button>
      {style?.locked && <LockMark />}
      {forwards && (
        <span className={styles.role}>
          <span className={styles.badge} title={t.forwardsHint}>
            <Route size={12} role="img" aria-label={t.forwards} />
            <span className={styles.word} aria-hidden="true">
              {t.forwards}
            </span>
          </span>
        </span>
      )}
      <Shield name={name} />
      <MarkDot id={id} />
      {ghost && <span className={styles.note}>{t.ghost}</span>}
      {drifts && (
        <span className={styles.drift} title={t.drift}>
          {t.drift}
        </span>
      )}
      <span className={styles.end}>
        <LinkPlug node={name} />
        {card.lo && <Chip chip={{ ref: card.lo }} form="lo" />}
      </span>
    </header>
  )
}

/** How many rules of iptables a namespace has, where it has some; a click shows them. */
function Shield({ name }: { name: string }) {
  const t = useCanvasTexts()
  const editor = useEditor()
  const rules = useRuleCount(editor.lab, name)
  if (rules === 0) return null
  return (
    <button
      type="button"
      className={cx('nodrag nopan', styles.shield)}
      aria-label={t.rulesOf(name, rules)}
      title={t.rulesOf(name, rules)}
      onPointerDown={(event) => event.stopPropagation()}
      onClick={(event) => {
        event.stopPropagation()
        showChains(editor, name)
      }}
    >
      <ShieldHalf size={13} aria-hidden="true" />
      {rules}
    </button>
  )
}

/** Drag it to another node to draw a link, or to an empty place; a click (or a tap) begins one that ends at the next node pressed. */
export function LinkPlug({ node }: { node: string }) {
  const { drags } = useCanvas()
  const editor = useEditor()
  const t = useCanvasTexts()
  const drop = ({ over, at }: { over: string | null; at: Point }): void => {
    const selected = selectedNodes(editor)
    if (over === null) editor.popover.set({ kind: 'choose', from: selected.includes(node) ? selected : [node], at })
    else void drawLinks(editor, dragPairs(node, over, selected), at)
  }
  const click = (): void => editor.tool.update((now) => nextTool(now, { do: 'link', from: [node] }))
  return (
    <button
      type="button"
      className={cx('nodrag nopan', styles.plug)}
      aria-label={t.drawLink(node)}
      title={t.drawLink(node)}
      onPointerDown={(event) => {
        event.stopPropagation()
        drags.begin(event, { kind: 'link', from: node }, drop)
      }}
      onClick={(event) => {
        event.stopPropagation()
        if (!drags.swallowsClick()) click()
      }}
    >
      <Cable size={14} aria-hidden="true" />
    </button>
  )
}

/** All addresses of the interfaces in a card, each with its interface; screen readers read them with the name of the card. */
function useAddresses(lab: LabStore, { chips, bridges }: CardBox): string {
  const refs = useMemo(() => [...chips.map(({ ref }) => ref), ...bridges.map(({ ref }) => ref)], [chips, bridges])
  const subscribe = useCallback(
    (listener: () => void) => {
      const off = refs.map((ref) => lab.live.subscribe(linkId(ref), listener))
      return () => {
        for (const end of off) end()
      }
    },
    [lab, refs],
  )
  return useSyncExternalStore(subscribe, () =>
    refs
      .flatMap((ref) => {
        const addresses = cachedInterfaceView(lab, ref)?.addresses ?? []
        return addresses.length > 0 ? [`${nameOf(ref)} ${addresses.join(' ')}`] : []
      })
      .join(', '),
  )
}

const FORWARD_KEYS = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']

/** Whether the kernel has the namespace, and whether it forwards; renders again only when one of the two changes. */
function useNetns(lab: LabStore, name: string): { there: boolean; forwards: boolean } {
  const subscribe = useCallback((listener: () => void) => lab.live.subscribe(netnsId(name), listener), [lab, name])
  const word = useSyncExternalStore(subscribe, () => {
    const record = lab.live.get(netnsId(name))
    if (record?.kind !== 'netns') return 'absent'
    return FORWARD_KEYS.some((key) => record.sysctls?.[key] === '1') ? 'router' : 'there'
  })
  return { there: word !== 'absent', forwards: word === 'router' }
}
