import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { afterAll, describe, expect, test } from 'vitest'
import { language } from '@/i18n'
import { whenShort } from '@/i18n/when'
import { catalogues, files as tested } from './catalogues'

const SRC = `${import.meta.dirname}/../../src`

/** Attributes that a person sees or hears. */
const SPOKEN = new Set([
  'aria-label',
  'aria-description',
  'aria-roledescription',
  'title',
  'placeholder',
  'alt',
  'label',
  'text',
  'hint',
])
/** Names of things that are the same in every language; words in capitals, units and signs are no prose. */
const NAMES = new Set([
  'Vethboard',
  'Esc',
  'Ctrl',
  'netns',
  'bit',
  'minute',
  'pvid',
  'untagged',
  'vethboard',
  'namespaces',
  'ip',
  'macvlan',
  'learning',
])
const isProse = (text: string): boolean => (text.match(/[A-Za-z][a-z]{2,}/g) ?? []).some((word) => !NAMES.has(word))

function literals(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX)
  const out: string[] = []
  const look = (node: ts.Node): void => {
    if (ts.isJsxText(node)) out.push(node.text.trim())
    if (
      ts.isJsxAttribute(node) &&
      SPOKEN.has(node.name.getText()) &&
      node.initializer &&
      ts.isStringLiteral(node.initializer)
    ) {
      out.push(node.initializer.text)
    }
    ts.forEachChild(node, look)
  }
  look(source)
  return out.filter(isProse)
}

describe('texts that people see', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tsx'))
  test.each(files)('%s takes them from a catalogue', (file) => {
    expect(literals(`${SRC}/${file}`)).toEqual([])
  })
})

/** Chinese that holds no Chinese character is fine where it is a name or a command. */
const SAME =
  /^[\W\d_]*$|^(ip|iptables|sysctl|vethboard|bridge|tcpdump|net|nft) |^[A-Za-z0-9]+$|^([A-Z][A-Za-z0-9]*[ /+-]?)+$|…$|^[a-z0-9_.-]+$|\{|\$|^-|==/
const CHINESE = /\p{Script=Han}/u

describe('繁體中文', () => {
  afterAll(() => language.set('en'))
  test('every file that makes a catalogue is looked at', () => {
    const makers = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
      (name) => /\.tsx?$/.test(name) && /^export const \w+ = catalogue\(/m.test(readFileSync(`${SRC}/${name}`, 'utf8')),
    )
    expect(makers.length).toBeGreaterThan(30)
    expect(makers.filter((name) => !tested.has(name))).toEqual([])
  })
  test.each(catalogues)('%s is translated', (_, catalogue) => {
    language.set('en')
    const english = catalogue.now()
    language.set('zh-Hant')
    const chinese = catalogue.now()
    const left = Object.entries(chinese).filter(([key, value]) => {
      const text = String(value)
      return text === String(english[key]) && !CHINESE.test(text) && !SAME.test(text) && typeof value === 'string'
    })
    expect(left).toEqual([])
    expect(Object.keys(chinese).sort()).toEqual(Object.keys(english).sort())
  })
  test('no simplified characters where Taiwan writes others', () => {
    language.set('zh-Hant')
    const all = catalogues.flatMap(([, c]) => Object.values(c.now()).map(String)).join('')
    expect(all.match(/[们这网络连删应实验题个为发开关时间]/gu) ?? []).toEqual([])
  })
})

describe('times', () => {
  const now = Date.parse('2026-03-05T10:00:00Z')
  test('the last hour is relative, in the language', () => {
    expect(whenShort('2026-03-05T09:58:30Z', now, 'en')).toMatch(/1 min/)
    expect(whenShort('2026-03-05T09:50:00Z', now, 'zh-Hant')).toMatch(/10\s*分鐘前/)
    expect(whenShort('2026-03-05T09:59:50Z', now, 'en')).toBe('now')
  })
  test('yesterday has its date; nonsense is nothing', () => {
    expect(whenShort('2026-03-03T10:00:00Z', now, 'zh-Hant')).toMatch(/2026年3月3日/)
    expect(whenShort('', now, 'en')).toBe('')
  })
})
