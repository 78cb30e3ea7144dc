import type { ReactNode } from 'react'
import { type Block, blocksOf, type Inline, type Item, type List } from './blocks'
import styles from './Markdown.module.css'

/** Markdown as React elements: no raw HTML, and only http, https and mailto links. */
export function Markdown({ text }: { text: string }) {
  return (
    <div className={styles.markdown}>
      {blocksOf(text).map((block, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks have no other identity than their order
        <BlockView key={i} block={block} />
      ))}
    </div>
  )
}

function BlockView({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading': {
      // A note is not part of the page's outline: its headings start below the page's.
      const Tag = block.level === 1 ? 'h4' : 'h5'
      return <Tag>{spans(block.inside)}</Tag>
    }
    case 'paragraph':
      return <p>{spans(block.inside)}</p>
    case 'quote':
      return <blockquote>{spans(block.inside)}</blockquote>
    case 'code':
      return <pre>{block.text}</pre>
    case 'rule':
      return <hr />
    case 'list':
      return listView(block)
  }
}

function listView({ ordered, items }: List, key?: number): ReactNode {
  const Tag = ordered ? 'ol' : 'ul'
  return <Tag key={key}>{items.map((item, i) => itemView(item, i))}</Tag>
}

function itemView({ inside, done, lists }: Item, key: number): ReactNode {
  return (
    <li key={key} data-task={done === undefined ? undefined : done ? 'done' : 'open'}>
      {done !== undefined && <span aria-hidden="true">{done ? '☑' : '☐'} </span>}
      {spans(inside)}
      {lists.map((list, i) => listView(list, i))}
    </li>
  )
}

const spans = (inside: readonly Inline[]): ReactNode[] => inside.map((span, i) => spanView(span, i))

function spanView(span: Inline, key: number): ReactNode {
  switch (span.kind) {
    case 'text':
      return span.text
    case 'code':
      return <code key={key}>{span.text}</code>
    case 'bold':
      return <strong key={key}>{spans(span.inside)}</strong>
    case 'italic':
      return <em key={key}>{spans(span.inside)}</em>
    case 'link':
      return (
        <a key={key} href={span.href} target="_blank" rel="noreferrer noopener">
          {spans(span.inside)}
        </a>
      )
  }
}
