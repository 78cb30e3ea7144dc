import { describe, expect, it } from 'vitest'
import type { AnyRecord } from '@/protocol'
import { changeRows, textLines } from '@/source/changes'

const veth = (mtu: number): AnyRecord => ({ kind: 'veth', namespace: 'ns0', name: 'eth0', peer: 'host/p', mtu })

describe('what is between two documents', () => {
  it('says each record once, with the fields that changed', () => {
    const rows = changeRows({
      added: { 'namespace:ns1': { kind: 'namespace', name: 'ns1' } },
      updated: { 'interface:ns0/eth0': [veth(1500), veth(9000)] },
      removed: { 'namespace:ns2': { kind: 'namespace', name: 'ns2' } },
    })
    expect(rows.map(({ sign, noun, name, fields }) => [sign, noun, name, ...fields])).toEqual([
      ['−', 'namespace', 'ns2'],
      ['+', 'namespace', 'ns1'],
      ['~', 'interface', 'ns0/eth0', 'mtu 1500 → 9000'],
    ])
  })

  it('shows the lines that went and came', () => {
    expect(textLines('a\nb\nc\n', 'a\nx\nc\n')).toEqual([
      { sign: '−', text: 'b' },
      { sign: '+', text: 'x' },
    ])
    expect(textLines('a\n', 'a\n')).toEqual([])
  })
})
