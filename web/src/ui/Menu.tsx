import { ContextMenu, DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'
import styles from './Menu.module.css'

/** An entry of a menu; `null` is a line between groups. */
export type MenuEntry = {
  key: string
  label: ReactNode
  icon?: ReactNode
  shortcut?: string | undefined
  disabled?: boolean | undefined
  /** Why it is disabled, say. */
  title?: string | undefined
  danger?: boolean | undefined
  checked?: boolean | undefined
  onSelect: () => void
} | null

function inside(entry: NonNullable<MenuEntry>): ReactNode {
  return (
    <>
      <span className={styles.icon}>{entry.checked ? '✓' : entry.icon}</span>
      <span className={styles.label}>{entry.label}</span>
      {entry.shortcut && <kbd className={styles.key}>{entry.shortcut}</kbd>}
    </>
  )
}

/** A menu under a button. `trigger` must be one element that takes a ref. `entries` as a function is asked when it opens. */
export function Menu({
  trigger,
  entries,
  header,
  align = 'start',
}: {
  trigger: ReactNode
  entries: readonly MenuEntry[] | (() => readonly MenuEntry[])
  header?: ReactNode
  align?: 'start' | 'end'
}) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles.menu} align={align} sideOffset={6} collisionPadding={8}>
          {header && <DropdownMenu.Label className={styles.header}>{header}</DropdownMenu.Label>}
          <DropdownEntries entries={entries} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

function DropdownEntries({ entries }: { entries: readonly MenuEntry[] | (() => readonly MenuEntry[]) }) {
  const all = typeof entries === 'function' ? entries() : entries
  return all.map((entry, i) =>
    entry ? (
      <DropdownMenu.Item
        key={entry.key}
        className={styles.item}
        disabled={entry.disabled ?? false}
        title={entry.title}
        data-danger={entry.danger || undefined}
        onSelect={entry.onSelect}
      >
        {inside(entry)}
      </DropdownMenu.Item>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: lines between groups have no other identity
      <DropdownMenu.Separator key={`line ${i}`} className={styles.line} />
    ),
  )
}

/** The menu of the right mouse button (or the menu key) over `children`; `entries` is asked when it opens. */
export function ContextArea({
  children,
  entries,
  onOpen,
}: {
  children: ReactNode
  entries: () => readonly MenuEntry[]
  onOpen?: () => void
}) {
  return (
    <ContextMenu.Root onOpenChange={(open) => open && onOpen?.()}>
      <ContextMenu.Trigger asChild>{children}</ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content className={styles.menu} collisionPadding={8}>
          <ContextEntries entries={entries} />
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  )
}

function ContextEntries({ entries }: { entries: () => readonly MenuEntry[] }) {
  return entries().map((entry, i) =>
    entry ? (
      <ContextMenu.Item
        key={entry.key}
        className={styles.item}
        disabled={entry.disabled ?? false}
        title={entry.title}
        data-danger={entry.danger || undefined}
        onSelect={entry.onSelect}
      >
        {inside(entry)}
      </ContextMenu.Item>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: lines between groups have no other identity
      <ContextMenu.Separator key={`line ${i}`} className={styles.line} />
    ),
  )
}
