import { Value } from '@/ui/value'

/** What actions need of the pane that has (or had last) the focus. */
export interface TerminalView {
  focus(): void
  copy(): void
  paste(): void
  find(): void
  files(): void
  split(way: 'right' | 'down'): void
  walk(by: number): void
  clear(): void
  close(): void
  /** Give the focus to the tab above, so that Tab walks the page again. */
  leave(): void
}

const READER = 'vethboard.terminal.reader'

/** The screen reader mode of all terminals: output is read aloud. */
export const reader = new Value(localStorage.getItem(READER) === 'on')
reader.subscribe(() => localStorage.setItem(READER, reader.get() ? 'on' : 'off'))
