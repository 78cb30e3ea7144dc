import {
  BrickWall,
  Cloud,
  Container,
  Database,
  EthernetPort,
  Globe,
  Laptop,
  Lock,
  type LucideIcon,
  Router,
  Server,
  Smartphone,
} from 'lucide-react'
import { useEditor } from '@/editor'
import { type Style, styleId } from '@/protocol'
import { type LabStore, useRecord } from '@/store'
import { usePart } from '@/ui'
import { useCanvas } from '../input/context'
import { useShapeTexts } from '../texts/shapes'

export type IconName = NonNullable<Style['icon']>

const ICONS: Record<IconName, LucideIcon> = {
  server: Server,
  router: Router,
  switch: EthernetPort,
  client: Laptop,
  container: Container,
  cloud: Cloud,
  database: Database,
  firewall: BrickWall,
  phone: Smartphone,
  globe: Globe,
}
export const ICON_NAMES = Object.keys(ICONS) as IconName[]

/** What a node stands for. */
export function NodeIcon({
  name,
  size = 16,
  className,
}: {
  name: IconName
  size?: number
  className?: string | undefined
}) {
  const Icon = ICONS[name]
  return <Icon size={size} className={className} aria-hidden="true" />
}

/** A node that is locked says so. */
export function LockMark() {
  const t = useShapeTexts()
  return (
    <span title={t.locked} role="img" aria-label={t.locked}>
      <Lock size={12} aria-hidden="true" />
    </span>
  )
}

/** How a node (`ns0`, `host/br0`) is drawn; renders again only when that changes. */
export function useStyle(lab: LabStore, node: string): Style | undefined {
  const record = useRecord(lab.desired, styleId(node))
  return record?.kind === 'style' ? record : undefined
}

/** Whether what is dragged, or the link that is drawn by keyboard, points at this node. */
export function useOver(node: string): boolean {
  const { drags } = useCanvas()
  const { tool } = useEditor()
  const dragged = usePart(drags.now, (drag) => drag?.over === node)
  const aimed = usePart(tool, (now) => now.is === 'link' && now.to === node)
  return dragged || aimed
}
