/** The screen of one pane: xterm.js with what it needs, and nothing of it anywhere else. */

import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { WebglAddon } from '@xterm/addon-webgl'
import { type ILinkHandler, Terminal } from '@xterm/xterm'
import { reader } from '@/editor'
import { contrast, theme } from '@/ui'
import { coloursIn } from './colours'

const SCROLL_BACK = 10_000
const SOFTWARE = /swiftshader|llvmpipe|software/i

export interface Screen {
  term: Terminal
  search: SearchAddon
  /** Rows and columns that there is room for; undefined while it is not seen. */
  room(): { rows: number; columns: number } | undefined
  dispose(): void
}

/** A screen in `host`. `open`: a link was chosen, its address is http or https. */
export function makeScreen(host: HTMLElement, open: (address: string) => void): Screen {
  const links: ILinkHandler = { activate: (_, address) => openWeb(address, open) }
  const term = new Terminal({
    allowProposedApi: true,
    scrollback: SCROLL_BACK,
    fontFamily: getComputedStyle(host).getPropertyValue('--mono'),
    fontSize: 13,
    lineHeight: 1.15,
    screenReaderMode: reader.get(),
    minimumContrastRatio: contrastOf(),
    rescaleOverlappingGlyphs: true,
    macOptionIsMeta: true,
    theme: coloursIn(host),
    linkHandler: links,
  })
  const fit = new FitAddon()
  const search = new SearchAddon()
  for (const addon of [fit, search, new UnicodeGraphemesAddon()]) term.loadAddon(addon)
  term.loadAddon(new WebLinksAddon((_, address) => openWeb(address, open)))
  term.open(host)
  accelerate(term)
  const stop = followSettings(term, host)
  return {
    term,
    search,
    room: () => {
      const found = host.offsetWidth > 0 ? fit.proposeDimensions() : undefined
      return found && Number.isFinite(found.cols) ? { rows: found.rows, columns: found.cols } : undefined
    },
    dispose: () => {
      stop()
      term.dispose()
    },
  }
}

function openWeb(address: string, open: (address: string) => void): void {
  const url = URL.parse(address)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') open(url.href)
}

/**
 * WebGL where there is a graphics processor; else, and when it is lost, xterm's own drawing in the document.
 *
 * There the cursor stands still: xterm blinks it by a CSS animation, for which the browser makes 60 frames a second even when nothing
 * changes, and what is typed waits for the next of them instead of being drawn at once.
 */
function accelerate(term: Terminal): void {
  const gl = document.createElement('canvas').getContext('webgl2')
  const info = gl?.getExtension('WEBGL_debug_renderer_info')
  const name: unknown = info ? gl?.getParameter(info.UNMASKED_RENDERER_WEBGL) : ''
  gl?.getExtension('WEBGL_lose_context')?.loseContext()
  if (!gl || SOFTWARE.test(String(name))) return
  try {
    const webgl = new WebglAddon()
    webgl.onContextLoss(() => {
      term.options.cursorBlink = false
      webgl.dispose()
    })
    term.loadAddon(webgl)
    term.options.cursorBlink = !matchMedia('(prefers-reduced-motion: reduce)').matches
  } catch {
    // Some drivers promise WebGL 2 and fail to start it: the document draws.
  }
}

const contrastOf = (): number => (contrast.get() === 'more' || matchMedia('(prefers-contrast: more)').matches ? 7 : 4.5)

function followSettings(term: Terminal, host: HTMLElement): () => void {
  const colours = (): void => {
    term.options.theme = coloursIn(host)
    term.options.minimumContrastRatio = contrastOf()
  }
  const dark = matchMedia('(prefers-color-scheme: dark)')
  dark.addEventListener('change', colours)
  const stops = [
    theme.subscribe(colours),
    contrast.subscribe(colours),
    reader.subscribe(() => {
      term.options.screenReaderMode = reader.get()
    }),
    () => dark.removeEventListener('change', colours),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
