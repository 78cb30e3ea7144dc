import {
  ArrowDownToLine,
  ArrowUpFromLine,
  CircleHelp,
  Flag,
  Milestone,
  Network,
  RefreshCw,
  Reply,
  Search,
  Send,
  ShieldCheck,
  ShieldX,
  TriangleAlert,
  Undo2,
} from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { Hop } from '@/protocol'
import { cx } from '@/ui'
import { timeWords } from './format'
import styles from './Journey.module.css'
import { type HopGroup, hopGroups, type TraceResult } from './model'
import { useJourneyTexts } from './texts'
import type { Player } from './usePlayer'
import { hopWords } from './words'

const ICONS = {
  send: Send,
  answer: Reply,
  error: TriangleAlert,
  route: Milestone,
  chain: ShieldCheck,
  nat: RefreshCw,
  neighbour: Search,
  out: ArrowUpFromLine,
  in: ArrowDownToLine,
  bridge: Network,
  deliver: Flag,
  receive: Undo2,
  unknown: CircleHelp,
} as const

const bad = (hop: Hop): boolean => hop.outcome === 'drop' || hop.outcome === 'reject' || (hop.errno ?? 0) > 0

/** Every hop as one sentence, under the namespace where it happened. */
export function HopList({ traced, player }: { traced: TraceResult; player: Player }) {
  const t = useJourneyTexts()
  const box = useRef<HTMLDivElement>(null)
  const { hops } = traced.journey
  const unexpected = new Set(traced.differences.flatMap((d) => d.observed ?? []))
  // biome-ignore lint/correctness/useExhaustiveDependencies: the hop is the occasion
  useEffect(() => {
    box.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [player.hop])
  return (
    <div
      ref={box}
      className={styles.list}
      role="listbox"
      aria-label={t.hops}
      aria-activedescendant={`hop-${player.hop}`}
      tabIndex={0}
      onKeyDown={(event) => {
        const to = {
          ArrowDown: player.hop + 1,
          ArrowUp: player.hop - 1,
          Home: 0,
          End: hops.length - 1,
        }[event.key]
        if (to === undefined) return
        event.preventDefault()
        player.go(to)
      }}
    >
      {hopGroups(hops).map((stay) => (
        <Stayed key={stay.hops[0]?.index} stay={stay} player={player} unexpected={unexpected} />
      ))}
    </div>
  )
}

function Stayed({ stay, player, unexpected }: { stay: HopGroup; player: Player; unexpected: ReadonlySet<number> }) {
  const t = useJourneyTexts()
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of options in a list box
    <div role="group" aria-label={stay.namespace} className={styles.stay} data-leg={stay.leg}>
      <div className={styles.stayName} role="presentation">
        {stay.namespace} <span>{stay.leg === 'original' ? t.original : t.reply}</span>
      </div>
      {stay.hops.map(({ hop, index }) => {
        const Icon = bad(hop) ? ShieldX : ICONS[hop.kind]
        return (
          // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the list box has the focus and the keys
          <div
            key={index}
            id={`hop-${index}`}
            role="option"
            aria-selected={index === player.hop}
            className={cx(styles.hop, bad(hop) && styles.bad)}
            data-future={index > player.hop || undefined}
            onClick={() => player.go(index)}
          >
            <Icon size={14} aria-hidden="true" />
            <span className={styles.said}>{hopWords(t, hop)}</span>
            {unexpected.has(index) && <span className={styles.unexpected}>{t.onlyObserved}</span>}
            <span className={styles.at}>{hop.at === undefined || hop.at === null ? '' : timeWords(t, hop.at)}</span>
          </div>
        )
      })}
    </div>
  )
}
