/** No fault is found with a rule that iptables itself has printed (tests/kernel/test_option_types.py writes them down). */

import { expect, test } from 'vitest'
import { Grammar } from '@/chains/model/grammar'
import { lint } from '@/chains/model/lint'
import { parse } from '@/chains/model/parts'
import { sentence } from '@/chains/model/sentence'
import { useSentenceTexts } from '@/chains/sentenceTexts'
import type { Family, Table, VocabularyOf } from '@/protocol'
import printed from '../../../tests/vectors/printed-rules.json'

const grammars = new Map<string, Grammar>(
  Object.entries(printed.extensions).map(([family, extensions]) => [
    family,
    new Grammar({ version: '', extensions: extensions as VocabularyOf['extensions'] }),
  ]),
)

test('rules as iptables prints them have no faults, and none of their words is lost', () => {
  const marked: string[] = []
  for (const { family, table, chain, rule } of printed.rules) {
    const grammar = grammars.get(family) ?? null
    const around = { family: family as Family, table: table as Table, chain, chains: ['mine'], interfaces: [], grammar }
    for (const { fault, word } of lint(rule, around)) marked.push(`${family} ${rule}: ${fault} ${word}`)
    expect(parse(rule, grammar?.arity).stray).toEqual([])
    expect(sentence(rule, useSentenceTexts.now())).not.toBe('')
  }
  expect(marked).toEqual([])
  expect(printed.rules.length).toBeGreaterThan(350)
})
