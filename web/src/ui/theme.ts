import { Value } from './value'

export type Theme = 'system' | 'light' | 'dark'

const KEY = 'vethboard.theme'
const stored = localStorage.getItem(KEY)

/** The chosen theme. `system` follows the operating system's. */
export const theme = new Value<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system')

function mark(): void {
  document.documentElement.dataset.theme = theme.get()
}
theme.subscribe(() => {
  localStorage.setItem(KEY, theme.get())
  mark()
})
mark()
