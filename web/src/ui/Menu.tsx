import { Check } from 'lucide-react'
import { ContextMenu, DropdownMenu } from 'radix-ui'
import { type PointerEvent, type ReactNode, useRef } from 'react'
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
  /** Whether a choice holds; undefined where it is no choice. */
  checked?: boolean | undefined
  onSelect: () => void
} | null

function inside(entry: NonNullable<MenuEntry>): ReactNode {
  return (
    <>
      <span className={styles.icon}>{entry.checked ? <Check size={15} aria-hidden="true" /> : entry.icon}</span>
      <span className={styles.label}>{entry.label}</span>
      {entry.shortcut && <kbd className={styles.key}>{entry.shortcut}</kbd>}
    </>
  )
}

/** A menu below a button. `trigger` must be one element that accepts a ref. If `entries` is a function, it is called when the menu opens. */
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
          <Entries entries={entries} parts={DropdownMenu} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

/** The two menus of Radix have the same parts under different names. */
type Parts = Pick<typeof DropdownMenu | typeof ContextMenu, 'CheckboxItem' | 'Item' | 'Separator'>

function Entries({
  entries,
  parts: { CheckboxItem, Item, Separator },
}: {
  entries: readonly MenuEntry[] | (() => readonly MenuEntry[])
  parts: Parts
}) {
  const all = typeof entries === 'function' ? entries() : entries
  return all.map((entry, i) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: lines between groups have no other identity
    if (!entry) return <Separator key={`line ${i}`} className={styles.line} />
    const props = {
      className: styles.item,
      disabled: entry.disabled ?? false,
      title: entry.title,
      'data-danger': entry.danger || undefined,
      onSelect: entry.onSelect,
      children: inside(entry),
    }
    return entry.checked === undefined ? (
      <Item key={entry.key} {...props} />
    ) : (
      <CheckboxItem key={entry.key} {...props} checked={entry.checked} />
    )
  })
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
  const chosen = useChosen()
  return (
    <ContextMenu.Root onOpenChange={(open) => open && onOpen?.()}>
      <ContextMenu.Trigger asChild>{children}</ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content className={styles.menu} collisionPadding={8} {...chosen}>
          <Entries entries={entries} parts={ContextMenu} />
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  )
}

/** Only what is pressed and let go in the menu is chosen: not where the button that opened it, a finger or a drag happens to end. */
function useChosen() {
  const pressed = useRef(false)
  return {
    onPointerDownCapture: () => {
      pressed.current = true
    },
    onPointerUpCapture: (event: PointerEvent) => {
      if (!pressed.current) event.stopPropagation()
      pressed.current = false
    },
  }
}
