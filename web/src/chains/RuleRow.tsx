import { GripVertical, MoreVertical, TriangleAlert } from 'lucide-react'
import { type MouseEvent, memo, type ReactNode } from 'react'
import { useAmounts } from '@/i18n/amounts'
import type { RuleNote } from '@/protocol'
import { IconButton, Menu } from '@/ui'
import { usePanel } from './context'
import { carry, endCarry } from './drag'
import type { ChainView } from './model/digest'
import { sentence } from './model/sentence'
import styles from './RuleList.module.css'
import { RuleText } from './RuleText'
import { ruleMenu } from './ruleMenu'
import type { RuleVerbContext } from './ruleVerbs'
import { useSentenceTexts } from './sentenceTexts'
import { useChainsTexts } from './texts'
import { targetAt } from './tokens'
import { useNames } from './useNames'
import { noteText } from './useNotes'
import type { PacketHere } from './usePacketHere'
import { ROW } from './useRows'

/** How rules are read. */
export type Reading = 'text' | 'sentence'

interface RowProps {
  id: string
  chain: ChainView
  number: number
  index: number
  active: boolean
  selected: boolean
  writing: boolean
  /** A traced packet met this rule. */
  packet: PacketHere
  packets: readonly [number, number] | undefined
  rate: number
  search: string
  shown: Reading
  note: RuleNote | undefined
  /** What the menu of this rule is about; the chosen ones go along when it is dragged. */
  about: (number: number) => RuleVerbContext
  onPick: (event: MouseEvent) => void
}

export const RuleRow = memo(
  function RuleRow(props: RowProps) {
    const { id, chain, number, index, active, selected, writing, packet, packets, rate, search, shown, note } = props
    const t = useChainsTexts()
    const panel = usePanel()
    const { short, perSecond } = useAmounts()
    const rule = chain.rules[number - 1] ?? ''
    const edit = (): void => panel.write(chain, { kind: 'change', at: number, was: rule })
    const [n = 0, bytes = 0] = packets ?? []
    return (
      // biome-ignore lint/a11y/useSemanticElements: see the grid
      // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus and names the row
      // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys
      <div
        id={id}
        role="row"
        className={styles.row}
        style={{ top: index * ROW, height: ROW }}
        aria-rowindex={index + 1}
        aria-selected={selected}
        aria-label={[t.ruleName(number, rule), note ? noteText(note, t) : '', packet ? t.packetHere : '']
          .filter(Boolean)
          .join(', ')}
        data-active={active || undefined}
        data-writing={writing || undefined}
        data-packet={packet}
        data-dead={note !== undefined || undefined}
        data-live={rate > 0 || undefined}
        draggable
        onDragStart={(event) => {
          const { chosen } = props.about(number)
          const drop = (to: ChainView): void => {
            const { chain: now, actions } = props.about(number)
            void actions.moveTo(now, to, actions.followed(chain, now, chosen))
          }
          carry(event, { from: chain, numbers: chosen, drop }, rule)
        }}
        onDragEnd={endCarry}
        onClick={props.onPick}
        onDoubleClick={edit}
      >
        <GripVertical className={styles.grip} size={13} aria-hidden="true" />
        <GridCell className={styles.number}>{number}</GridCell>
        <GridCell className={styles.packets}>{n > 0 ? short(n) : '·'}</GridCell>
        <GridCell className={styles.bytes}>{bytes > 0 ? short(bytes) : ''}</GridCell>
        <GridCell className={styles.rate}>{perSecond(rate)}</GridCell>
        <GridCell className={styles.text} title={rule}>
          {shown === 'text' ? <Line rule={rule} mark={search} /> : <Sentence rule={rule} chain={chain} />}
        </GridCell>
        {note && (
          <span className={styles.note} title={noteText(note, t)}>
            <TriangleAlert size={12} aria-hidden="true" />
            {note.by ? `${t.neverMatches} (${note.by})` : t.neverMatches}
          </span>
        )}
        <RowMenu number={number} about={props.about} />
      </div>
    )
  },
  (a, b) =>
    a.chain === b.chain &&
    a.number === b.number &&
    a.index === b.index &&
    a.active === b.active &&
    a.selected === b.selected &&
    a.writing === b.writing &&
    a.packet === b.packet &&
    a.packets?.[0] === b.packets?.[0] &&
    a.rate === b.rate &&
    a.search === b.search &&
    a.shown === b.shown &&
    a.note === b.note &&
    a.about === b.about,
)

function GridCell({
  className,
  title,
  children,
}: {
  className?: string | undefined
  title?: string
  children: ReactNode
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the grid
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus and names the row
    <span role="gridcell" className={className} title={title}>
      {children}
    </span>
  )
}

/** Where there is little room, the end of what a rule asks for is left out, not what it does. */
function Line({ rule, mark }: { rule: string; mark: string }) {
  const cut = targetAt(rule)
  if (cut === 0 || cut === rule.length) return <RuleText text={rule} mark={mark} />
  return (
    <span className={styles.line}>
      <span className={styles.asks}>
        <RuleText text={rule.slice(0, cut).trimEnd()} mark={mark} />
      </span>
      <span className={styles.does}>
        <RuleText text={rule.slice(cut)} mark={mark} />
      </span>
    </span>
  )
}

function Sentence({ rule, chain }: { rule: string; chain: ChainView }) {
  const panel = usePanel()
  const texts = useSentenceTexts()
  const names = useNames(panel.namespace)
  const custom = panel.tables.get(`${chain.family}/${chain.table}`)?.custom ?? []
  return (
    <span className={styles.sentence}>
      {sentence(rule, texts, names, (name) => custom.some((c) => c.name === name), chain.builtIn)}
    </span>
  )
}

function RowMenu({ number, about }: Pick<RowProps, 'number' | 'about'>) {
  const t = useChainsTexts()
  return (
    <Menu
      align="end"
      trigger={
        <IconButton label={`${t.more}: ${number}`} size="xs" className={styles.menu} tabIndex={-1}>
          <MoreVertical size={14} />
        </IconButton>
      }
      entries={() => ruleMenu(about(number), t)}
    />
  )
}
