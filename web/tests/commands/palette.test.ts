import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Entry, search } from '@/commands/entries'
import { ACTIONS, type Action, fuzzy, useEditorTexts, useHelpTexts } from '@/editor'
import { LANGUAGES, type Language, language } from '@/i18n'

const entry = (label: string, more: Partial<Entry> = {}): Entry => ({
  key: label,
  label,
  words: '',
  help: '',
  group: 'g',
  enabled: true,
  run: () => undefined,
  ...more,
})
const labels = (hits: ReturnType<typeof search>): string[] => hits.map((h) => h.entry.label)

describe('fuzzy', () => {
  test('letters in their order are found, and only then', () => {
    expect(fuzzy('adns', 'Add namespace…')).not.toBeNull()
    expect(fuzzy('nsad', 'Add namespace…')).toBeNull()
  })
  test('every way to leave letters out is found, at places that hold them', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 20 }), fc.array(fc.boolean()), (text, keep) => {
        const query = [...text].filter((c, i) => keep[i] && c !== ' ').join('')
        const found = fuzzy(query, text)
        expect(found).not.toBeNull()
        expect([...(found?.at ?? [])]).toEqual([...(found?.at ?? [])].sort((a, b) => a - b))
      }),
    )
  })
  test('the start of a word is better than the middle of one', () => {
    expect(fuzzy('ns', 'Add namespace…')?.score).toBeGreaterThan(fuzzy('ns', 'Chains…')?.score ?? 99)
    const score = (text: string): number => fuzzy('li', text)?.score ?? -99
    expect(score('Add link…')).toBeGreaterThan(score('Duplicate'))
  })
})

describe('the command palette', () => {
  const entries = [
    entry('Add bridge…'),
    entry('Undo', { enabled: false }),
    entry('ns0/veth0', { words: '10.0.1.1/24' }),
  ]
  test('best first; what cannot be done now last', () => {
    expect(labels(search(entries, 'brid', []))).toEqual(['Add bridge…'])
    expect(labels(search([entry('Undo', { enabled: false }), entry('Unplug')], 'un', []))).toEqual(['Unplug', 'Undo'])
  })
  test('an address finds its interface', () => {
    expect(labels(search(entries, '10.0.1.1', []))).toEqual(['ns0/veth0'])
  })
  test('without a query what was used last stands first, once, and nothing that cannot be done', () => {
    expect(labels(search(entries, '', ['ns0/veth0', 'Undo']))).toEqual(['ns0/veth0', 'Add bridge…'])
  })
})

describe('the actions', () => {
  test('no two have the same id or the same key', () => {
    const inList = (a: Action): boolean => a.group === 'rules' // these keys are heard in a list of rules only
    for (const heard of [ACTIONS.filter(inList), ACTIONS.filter((a) => !inList(a))]) {
      const keys = heard.flatMap((a) => a.shortcuts ?? [])
      expect(new Set(keys).size).toBe(keys.length)
    }
    expect(new Set(ACTIONS.map((a) => a.id)).size).toBe(ACTIONS.length)
  })
  test.each(Object.keys(LANGUAGES) as Language[])('each has a name and a help that says more, in %s', (spoken) => {
    language.set(spoken)
    for (const action of ACTIONS) {
      const label = action.label(useEditorTexts.now())
      expect(label).not.toBe('')
      expect(action.help?.(useHelpTexts.now())).not.toBe(label)
    }
    language.set('en')
  })
})
