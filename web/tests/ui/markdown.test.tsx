import { cleanup, render } from '@testing-library/react'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { Markdown } from '@/ui'
import { blocksOf, inlineOf } from '@/ui/blocks'

afterEach(cleanup)

test('blocks', () => {
  const kinds = blocksOf('# One\ntext\nmore\n\n- [x] done\n- open\n1. first\n> said\n---\n```\n**code**\n```').map(
    (b) => b.kind,
  )
  expect(kinds).toEqual(['heading', 'paragraph', 'list', 'list', 'quote', 'rule', 'code'])
})

test('spans', () => {
  expect(inlineOf('a **b** `c`')).toEqual([
    { kind: 'text', text: 'a ' },
    { kind: 'bold', inside: [{ kind: 'text', text: 'b' }] },
    { kind: 'text', text: ' ' },
    { kind: 'code', text: 'c' },
  ])
})

test('names with underscores and products are no emphasis; a bare address ends before the comma', () => {
  const { container } = render(
    <Markdown text={'net.ipv4.ip_forward, rp_filter, 2 * 3 * 4, _so_ and *so*, https://a.example/x_y, then'} />,
  )
  expect([...container.querySelectorAll('em')].map((em) => em.textContent)).toEqual(['so', 'so'])
  expect(container.querySelector('a')?.href).toBe('https://a.example/x_y')
})

test('lists in lists', () => {
  const { container } = render(<Markdown text={'- one\n  1. first\n  2. second\n    - deep\n- two'} />)
  expect(container.querySelectorAll('div > ul > li')).toHaveLength(2)
  expect(container.querySelectorAll('ul > li > ol > li')).toHaveLength(2)
  expect(container.querySelector('ol > li > ul > li')?.textContent).toBe('deep')
})

test('a link opens pages and nothing else; HTML is text', () => {
  const { container } = render(
    <Markdown text={'[x](javascript:alert(1)) [y](https://a.example/) <img src=x onerror=alert(1)>'} />,
  )
  expect([...container.querySelectorAll('a')].map((a) => a.href)).toEqual(['https://a.example/'])
  expect(container.querySelector('img')).toBeNull()
  expect(container.textContent).toContain('<img src=x')
})

test('any text is drawn, and no word is lost but in an address', () => {
  const part = fc.constantFrom('*', '_', '`', '[', ']', '(', ')', '#', '>', '-', '\n', ' ', 'word', '1.')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const text = parts.join('')
      // What stands behind the fence of a code block is its language.
      fc.pre(!/^```/m.test(text))
      const { container, unmount } = render(<Markdown text={text} />)
      const count = (of: string): number => of.split('word').length - 1
      const lost = [...container.querySelectorAll('a')].reduce((sum, a) => sum + count(a.href), 0)
      expect(count(container.textContent ?? '') + lost).toBe(count(text))
      unmount()
    }),
  )
})
