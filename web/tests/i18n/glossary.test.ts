import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Catalogue, type Language, language, type Texts } from '@/i18n'
import { catalogues } from './catalogues'

interface Term {
  en: string
  zh: string
  not: readonly string[]
}

/** The rows of the first table of the glossary. */
function terms(): Term[] {
  const text = readFileSync(`${import.meta.dirname}/../../../docs/glossary.md`, 'utf8')
  const table = text.split('\n## ').find((part) => part.startsWith('On the screen')) ?? ''
  const rows = table.split('\n').filter((line) => line.startsWith('| '))
  return rows.slice(1).map((line) => {
    const [en = '', zh = '', , not = ''] = line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim())
    return { en, zh, not: not.split(', ').filter(Boolean) }
  })
}

/** What a text shows whatever its parameters are: the text itself, or the literals of the function that makes it. */
function shown(value: Texts[string]): string {
  if (typeof value === 'string') return value
  const source = ts.createSourceFile('text.ts', `(${String(value)})`, ts.ScriptTarget.Latest, true)
  const out: string[] = []
  const visit = (node: ts.Node): void => {
    const isCompared = ts.isBinaryExpression(node.parent) && /===|!==/.test(node.parent.operatorToken.getText())
    if (ts.isStringLiteralLike(node) && !isCompared) out.push(node.text)
    if (ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) out.push(node.text)
    ts.forEachChild(node, visit)
  }
  ts.forEachChild(source, visit)
  return out.join(' ')
}

const withoutCommands = (text: string): string =>
  text.replace(/\b(ip|iptables|bridge|vethboard) (-|link|netns|rule|exec|labs|events)[^)]*|[a-z-]+\(8\)/g, '')
const plain = (word: string): string => word.replace(/s$/, '')
const mentions = (text: string, word: string): boolean =>
  new RegExp(`\\b${plain(word)}(s|es|d|ed|ing)?\\b`, 'i').test(text)

const GLOSSARY = terms()
/** A longer term holds a shorter one: "port" may be the port of "bridge port". */
const accepted = ({ en }: Term): string[] => GLOSSARY.filter((t) => mentions(t.en, en)).map((t) => t.zh)

type Entry = readonly [key: string, en: string, zh: string]

function entriesOf(catalogue: Catalogue<Texts>): Entry[] {
  const read = (spoken: Language): Texts => {
    language.set(spoken)
    return catalogue.now()
  }
  const [en, zh] = [read('en'), read('zh-Hant')]
  return Object.entries(en).map(([key, value]) => [key, shown(value), shown(zh[key] ?? '')])
}

describe('one word for one thing', () => {
  const all = new Map<string, Entry[]>()
  beforeAll(() => {
    for (const [name, catalogue] of catalogues) all.set(name, entriesOf(catalogue))
  })
  afterAll(() => language.set('en'))

  test('the glossary was read', () => expect(GLOSSARY.length).toBeGreaterThan(30))

  test.each(catalogues.map(([name]) => name))('%s uses the words of the glossary', (name) => {
    const wrong = (all.get(name) ?? []).flatMap(([key, en, zh]) =>
      GLOSSARY.filter(
        (term) =>
          en !== zh && mentions(withoutCommands(en), term.en) && !accepted(term).some((word) => zh.includes(word)),
      ).map((term) => `${key}: “${en}” says ${term.en}, “${zh}” not ${term.zh}`),
    )
    expect(wrong).toEqual([])
  })

  test.each(catalogues.map(([name]) => name))('%s uses no other word for it', (name) => {
    const chosen = new RegExp(
      GLOSSARY.map((term) => term.zh)
        .sort((a, b) => b.length - a.length)
        .join('|'),
      'g',
    )
    const forbidden = GLOSSARY.flatMap((term) => term.not)
    const wrong = (all.get(name) ?? []).flatMap(([key, en, zh]) => {
      const rest = zh.replace(chosen, ' ')
      return forbidden
        .filter((word) => (/[a-z]/i.test(word) ? mentions(en, word) || rest.includes(word) : rest.includes(word)))
        .map((word) => `${key}: ${word}`)
    })
    expect(wrong).toEqual([])
  })
})
