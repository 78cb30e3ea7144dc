import { Value } from './value'

export type Theme = 'system' | 'light' | 'dark'
export type Contrast = 'system' | 'more'

const [KEY, CONTRAST_KEY] = ['vethboard.theme', 'vethboard.contrast']
const stored = localStorage.getItem(KEY)

/** The chosen theme. `system` follows the operating system's. */
export const theme = new Value<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system')

/** High contrast, chosen here or in the operating system; in the light and in the dark theme. */
export const contrast = new Value<Contrast>(localStorage.getItem(CONTRAST_KEY) === 'more' ? 'more' : 'system')

// absent in jsdom
const wanted = typeof window.matchMedia === 'function' ? window.matchMedia('(prefers-contrast: more)') : null

function mark(): void {
  const { dataset } = document.documentElement
  dataset.theme = theme.get()
  dataset.contrast = contrast.get() === 'more' || wanted?.matches ? 'more' : 'normal'
}
theme.subscribe(() => {
  localStorage.setItem(KEY, theme.get())
  mark()
})
contrast.subscribe(() => {
  localStorage.setItem(CONTRAST_KEY, contrast.get())
  mark()
})
wanted?.addEventListener('change', mark)
mark()
