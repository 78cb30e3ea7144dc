/** The Markdown of notes, as a tree: headings, paragraphs, lists, tasks, quotes, code; bold, italic, code, links. Pure.
 *
 * No raw HTML: what is not understood is text. */

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'bold' | 'italic'; inside: readonly Inline[] }
  | { kind: 'link'; href: string; inside: readonly Inline[] }

export type Block =
  | { kind: 'heading'; level: number; inside: readonly Inline[] }
  | { kind: 'paragraph' | 'quote'; inside: readonly Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'rule' }
  | List

export interface List {
  kind: 'list'
  ordered: boolean
  items: readonly Item[]
}

/** `done` of a task; undefined where the item is none. `lists` are those that are indented below it. */
export interface Item {
  inside: readonly Inline[]
  done: boolean | undefined
  lists: readonly List[]
}

/** Emphasis begins and ends at a word: `2 * 3 * 4` and `ip_forward and rp_filter` are plain. A bare address does not end in punctuation. */
const SPAN = new RegExp(
  [
    /`([^`]+)`/,
    /\*\*(?=\S)(.+?)(?<=\S)\*\*/,
    /(?<!\w)__(?=\S)(.+?)(?<=\S)__(?!\w)/,
    /\*(?=\S)(.+?)(?<=\S)\*/,
    /(?<!\w)_(?=\S)(.+?)(?<=\S)_(?!\w)/,
    /\[([^\]]+)\]\(([^)\s]+)\)/,
    /(https?:\/\/[^\s)<>]*[^\s)<>.,;:!?'"])/,
  ]
    .map((one) => one.source)
    .join('|'),
)

/** Only addresses that open a page; no scripts. */
const safe = (href: string): boolean => /^(https?:\/\/|mailto:)/i.test(href)

export function inlineOf(text: string): readonly Inline[] {
  const found = SPAN.exec(text)
  if (!found) return text === '' ? [] : [{ kind: 'text', text }]
  const [whole, code, bold1, bold2, italic1, italic2, label, href, url] = found
  const before: Inline[] = found.index > 0 ? [{ kind: 'text', text: text.slice(0, found.index) }] : []
  return [
    ...before,
    span(whole, { code, bold: bold1 ?? bold2, italic: italic1 ?? italic2, label, href, url }),
    ...rest(text, found),
  ]
}

const rest = (text: string, found: RegExpExecArray): readonly Inline[] =>
  inlineOf(text.slice(found.index + found[0].length))

type Found = Record<'code' | 'bold' | 'italic' | 'label' | 'href' | 'url', string | undefined>

function span(whole: string, { code, bold, italic, label, href, url }: Found): Inline {
  if (code !== undefined) return { kind: 'code', text: code }
  if (bold !== undefined) return { kind: 'bold', inside: inlineOf(bold) }
  if (italic !== undefined) return { kind: 'italic', inside: inlineOf(italic) }
  if (url !== undefined) return { kind: 'link', href: url, inside: [{ kind: 'text', text: url }] }
  if (label !== undefined && href !== undefined && safe(href)) return { kind: 'link', href, inside: inlineOf(label) }
  return { kind: 'text', text: whole }
}

const LIST = /^(\s*)(?:([-*+])|(\d+)[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/

/** The blocks of a text. */
export function blocksOf(text: string): readonly Block[] {
  const lines = text.replaceAll('\r', '').split('\n')
  const out: Block[] = []
  for (let i = 0; i < lines.length; ) {
    const [block, used] = blockAt(lines, i)
    if (block) out.push(block)
    i += used
  }
  return out
}

/** The block that begins at a line, and how many lines it has. */
function blockAt(lines: readonly string[], i: number): [Block | null, number] {
  const line = lines[i] ?? ''
  if (line.trim() === '') return [null, 1]
  if (/^```/.test(line)) {
    const end = lines.findIndex((l, n) => n > i && /^```/.test(l))
    const last = end < 0 ? lines.length : end
    return [{ kind: 'code', text: lines.slice(i + 1, last).join('\n') }, last - i + 1]
  }
  const heading = /^(#{1,4})\s+(.*)$/.exec(line)
  if (heading) return [{ kind: 'heading', level: heading[1]?.length ?? 1, inside: inlineOf(heading[2] ?? '') }, 1]
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) return [{ kind: 'rule' }, 1]
  if (LIST.test(line)) return listAt(lines, i)
  const quote = /^>\s?/
  const same = quote.test(line) ? (l: string) => quote.test(l) : isPlain
  const count = run(lines, i, same)
  const words = lines.slice(i, i + count).map((l) => l.replace(quote, ''))
  return [{ kind: quote.test(line) ? 'quote' : 'paragraph', inside: inlineOf(words.join('\n')) }, count]
}

const isPlain = (line: string): boolean => line.trim() !== '' && !/^(```|#{1,4}\s|>)/.test(line) && !LIST.test(line)

/** How many lines from `i` on are so; at least one. */
function run(lines: readonly string[], i: number, same: (line: string) => boolean): number {
  let count = 1
  while (i + count < lines.length && same(lines[i + count] ?? '')) count += 1
  return count
}

/** So many more columns make a list of its own below the item. */
const INDENT = 2

interface Line extends Omit<Item, 'lists'> {
  indent: number
  ordered: boolean
}

function lineAt(lines: readonly string[], i: number): Line | null {
  const found = LIST.exec(lines[i] ?? '')
  if (!found) return null
  const [, space = '', bullet, , task, text = ''] = found
  const indent = space.replaceAll('\t', '    ').length
  return {
    indent,
    ordered: bullet === undefined,
    inside: inlineOf(text),
    done: task === undefined ? undefined : task !== ' ',
  }
}

/** The list whose first item is line `i`, with all that is indented below its items. */
function listAt(lines: readonly string[], i: number): [List | null, number] {
  const first = lineAt(lines, i)
  if (!first) return [null, 1]
  const items: Item[] = []
  let used = 0
  for (let line: Line | null = first; line; line = lineAt(lines, i + used)) {
    const last = items.at(-1)
    if (last && line.indent >= first.indent + INDENT) {
      const [below, count] = listAt(lines, i + used)
      if (below) items[items.length - 1] = { ...last, lists: [...last.lists, below] }
      used += count
    } else if (line.ordered === first.ordered && line.indent > first.indent - INDENT) {
      items.push({ inside: line.inside, done: line.done, lists: [] })
      used += 1
    } else break
  }
  return [{ kind: 'list', ordered: first.ordered, items }, used]
}
