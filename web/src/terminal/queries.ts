/** Filters escape sequences: programs may draw, but not query or control the page. */

import type { IDisposable, IFunctionIdentifier, Terminal } from '@xterm/xterm'

/** Device attributes, status and mode reports (xterm's ctlseqs): xterm.js answers them by typing. */
const REPORTS: readonly IFunctionIdentifier[] = [
  { final: 'c' },
  { prefix: '>', final: 'c' },
  { prefix: '=', final: 'c' },
  { final: 'n' },
  { prefix: '?', final: 'n' },
  { intermediates: '$', final: 'p' },
  { prefix: '?', intermediates: '$', final: 'p' },
  { prefix: '>', final: 'q' },
  { prefix: '?', final: 'u' },
  { final: 't' },
]
/** Colours, which a program may set and ask for (`?`). */
const COLOURS = [4, 10, 11, 12]
/** A title comes from the server, which shows it to all and makes it harmless; only this person's clipboard is written here. */
const REFUSED = [0, 1, 2, 52]

/** Let only the screen that `answers` answer, and refuse what reaches beyond the terminal. */
export function guard(term: Terminal, answers: () => boolean): IDisposable {
  const { parser } = term
  const handlers = [
    ...REPORTS.map((id) => parser.registerCsiHandler(id, () => !answers())),
    parser.registerDcsHandler({ intermediates: '$', final: 'q' }, () => !answers()),
    ...COLOURS.map((id) => parser.registerOscHandler(id, (data) => data.includes('?') && !answers())),
    ...REFUSED.map((id) => parser.registerOscHandler(id, () => true)),
  ]
  const dispose = (): void => {
    for (const handler of handlers) handler.dispose()
  }
  return { dispose }
}
