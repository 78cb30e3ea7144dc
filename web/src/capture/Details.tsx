import { ChevronRight, MessagesSquare } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useAmounts } from '@/i18n/amounts'

import { Button, cx } from '@/ui'
import styles from './Capture.module.css'
import { Conversation } from './Conversation'
import type { Field, Layer } from './dissect'
import { Hex } from './Hex'
import type { CaptureModel } from './model'
import type { Detail } from './store'
import { useCaptureTexts } from './texts'

type Span = readonly [from: number, to: number]

/** The layers of a frame as a tree, and its bytes; what is chosen in the one is marked in the other. */
export function Details({ model, number }: { model: CaptureModel; number: number }) {
  const t = useCaptureTexts()
  const { timeOfDay } = useAmounts()
  const [detail, setDetail] = useState<Detail | null>(null)
  const [marked, mark] = useState<Span | null>(null)
  const [following, setFollowing] = useState(false)
  useEffect(() => {
    let current = true
    void model.ask<'detail'>({ do: 'detail', number }).then((found) => {
      if (current) setDetail(found)
    })
    mark(null)
    return () => {
      current = false
    }
  }, [model, number])
  if (!detail) return null
  const { row, wall, layers, bytes } = detail
  return (
    <div className={styles.details}>
      <div className={styles.tree} role="tree" aria-label={t.details}>
        <div className={styles.frameTitle}>
          <span>
            {t.frameTitle(row.number, row.length, bytes.length)} · {timeOfDay(wall.ms)}.
            {String(wall.ns).padStart(6, '0')}
          </span>
          <Button size="s" onClick={() => setFollowing(true)}>
            <MessagesSquare size={13} /> {t.follow}
          </Button>
        </div>
        {layers.map((layer) => (
          <LayerBranch key={`${layer.protocol}-${layer.from}`} layer={layer} marked={marked} onMark={mark} />
        ))}
      </div>
      <Hex bytes={bytes} marked={marked} />
      {following && <Conversation model={model} number={number} onClose={() => setFollowing(false)} />}
    </div>
  )
}

/** Open layers stay open for the next frame, to compare frames. */
const open = new Set<string>(['arp', 'icmp', 'icmpv6', 'tcp', 'udp', 'dns', 'dhcp', 'http', 'tls'])

function LayerBranch({ layer, marked, onMark }: { layer: Layer; marked: Span | null; onMark: (span: Span) => void }) {
  const [expanded, setExpanded] = useState(open.has(layer.protocol))
  const toggle = (): void => {
    if (expanded) open.delete(layer.protocol)
    else open.add(layer.protocol)
    setExpanded(!expanded)
    onMark([layer.from, layer.to])
  }
  return (
    <div>
      <button
        type="button"
        role="treeitem"
        aria-expanded={expanded}
        className={cx(styles.layer, isMarked(layer, marked) && styles.marked)}
        onClick={toggle}
      >
        <ChevronRight size={13} aria-hidden="true" className={styles.arrow} />
        {layer.title}
      </button>
      {expanded && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
        <div role="group" className={styles.fields}>
          {layer.fields.map((field, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: fields of a layer never move
            <FieldLine key={i} field={field} marked={isMarked(field, marked)} onMark={onMark} />
          ))}
        </div>
      )}
    </div>
  )
}

const isMarked = (what: { from: number; to: number }, marked: Span | null): boolean =>
  marked !== null && marked[0] === what.from && marked[1] === what.to

/** Fields that repeat another one under a second key for filters (`ip.addr`) are not shown again. */
const EITHER = /\.(addr|port)$/

function FieldLine({ field, marked, onMark }: { field: Field; marked: boolean; onMark: (span: Span) => void }) {
  if (field.key && EITHER.test(field.key)) return null
  return (
    <button
      type="button"
      role="treeitem"
      className={cx(styles.field, marked && styles.marked)}
      title={field.key}
      onClick={() => onMark([field.from, field.to])}
    >
      <span>{field.label}</span> {field.text}
    </button>
  )
}
