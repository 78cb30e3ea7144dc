/** Shortcuts are written `Mod+Shift+Z`; Mod is Ctrl, on Apple's systems Cmd. Ctrl and Alt are those keys everywhere. */

const APPLE = /Mac|iPhone|iPad/.test(navigator.platform)

export function matches(shortcut: string, event: KeyboardEvent): boolean {
  const parts = shortcut.split('+')
  const key = parts.pop() ?? ''
  const mod = parts.includes('Mod')
  if (event.ctrlKey !== (parts.includes('Ctrl') || (mod && !APPLE))) return false
  if (event.metaKey !== (mod && APPLE) || event.altKey !== parts.includes('Alt')) return false
  // Shift is part of a sign such as `?` or `+`, and counts only with letters and named keys.
  const sign = key.length === 1 && key.toLowerCase() === key.toUpperCase()
  if (!sign && event.shiftKey !== parts.includes('Shift')) return false
  // With Alt some keyboards write another sign: the key itself counts.
  if (event.altKey && event.code === `Key${key}`) return true
  return event.key.toLowerCase() === key.toLowerCase()
}

/** As a person reads it: `Ctrl+Shift+Z`, on Apple's systems `⇧⌘Z`. */
export function shown(shortcut: string): string {
  if (!APPLE) return arrows(shortcut.replace('Mod', 'Ctrl').replace('Delete', 'Del').replace('Escape', 'Esc'))
  const signs = shortcut.replace('Mod+', '⌘').replace('Ctrl+', '⌃').replace('Alt+', '⌥').replace('Shift+', '⇧')
  return arrows(signs.replace('Delete', '⌫').replace('Escape', 'esc'))
}

const ARROW_SIGNS = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓' }
const arrows = (shortcut: string): string =>
  shortcut.replace(/Arrow\w+/, (key) => ARROW_SIGNS[key as keyof typeof ARROW_SIGNS])

/** Whether keys belong to what has the focus: a field that takes text, or an open dialog or menu. */
export function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'range'].includes(target.type)
  return target.closest('[role="dialog"], [role="menu"]') !== null
}
