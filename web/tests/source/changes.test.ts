import { describe, expect, it } from 'vitest'
import type { AnyRecord } from '@/protocol'
import { apart, changeRows, textLines } from '@/source/changes'

const veth = (mtu: number): AnyRecord => ({ kind: 'veth', namespace: 'ns0', name: 'eth0', peer: 'host/p', mtu })

describe('what is between two documents', () => {
  it('says each record once, with the fields that changed', () => {
    const rows = changeRows(
      {
        added: { 'namespace:ns1': { kind: 'namespace', name: 'ns1' } },
        updated: { 'interface:ns0/eth0': [veth(1500), veth(9000)] },
        removed: { 'namespace:ns2': { kind: 'namespace', name: 'ns2' } },
      },
      '(default)',
    )
    expect(rows.map(({ sign, noun, name, fields }) => [sign, noun, name, ...fields])).toEqual([
      ['−', 'namespace', 'ns2'],
      ['+', 'namespace', 'ns1'],
      ['~', 'interface', 'ns0/eth0', 'mtu 1500 → 9000'],
    ])
  })

  it('shows the lines that went and came, with some around them', () => {
    const shown = (before: string, after: string) => textLines(before, after).map(({ sign, text }) => sign + text)
    expect(shown('a\nb\nc\n', 'a\nx\nc\n')).toEqual([' a', '−b', '+x', ' c'])
    expect(shown('a\n', 'a\n')).toEqual([])
    const many = Array.from({ length: 20 }, (_, i) => `${i}`)
    const text = `${many.join('\n')}\n`
    const far = shown(text, text.replace('\n5\n', '\nfive\n').replace('\n15\n', '\n'))
    const first = ['…', ' 2', ' 3', ' 4', '−5', '+five', ' 6', ' 7', ' 8']
    expect(far).toEqual([...first, '…', ' 12', ' 13', ' 14', '−15', ' 16', ' 17', ' 18', '…'])
  })

  it('draws what comes beside what goes', () => {
    const place = (node: string, x: number, y = 0): AnyRecord => ({ kind: 'placement', node, x, y })
    const there = [place('old', 0), place('stays', 420)]
    const added = { 'placement:new': place('new', 10), 'placement:far': place('far', 0, 900) }
    const shown = apart({ added, removed: { 'placement:old': place('old', 0) } }, there)
    expect(shown.added).toEqual({ ...added, 'placement:new': place('new', 850) })
    expect(apart({ added }, there)).toEqual({ added })
  })
})
