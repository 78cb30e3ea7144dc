import type { ITheme } from '@xterm/xterm'

const ANSI = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const

/** The colours of now, from the tokens as they are inside `host`. */
export function coloursIn(host: HTMLElement): ITheme {
  const probe = document.createElement('span')
  host.append(probe)
  const colour = (name: string): string => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const theme: ITheme = {
    background: colour('surface'),
    foreground: colour('text'),
    cursor: colour('accent'),
    cursorAccent: colour('surface'),
    selectionBackground: colour('ansi-selection'),
    scrollbarSliderBackground: colour('line-strong'),
    scrollbarSliderHoverBackground: colour('text-3'),
    scrollbarSliderActiveBackground: colour('text-2'),
  }
  for (const name of ANSI) {
    theme[name] = colour(`ansi-${name}`)
    theme[`bright${name[0]?.toUpperCase()}${name.slice(1)}` as 'brightBlack'] = colour(`ansi-bright-${name}`)
  }
  probe.remove()
  return theme
}
