import { CompletionContext } from '@codemirror/autocomplete'
import { json } from '@codemirror/lang-json'
import { EditorState } from '@codemirror/state'
import { describe, expect, test } from 'vitest'
import { diagnostic } from '@/source/check'
import { completer } from '@/source/complete'
import { entryOf, parsePath, pathAt, rangeOf, recordAt } from '@/source/paths'

const TEXT = `{
  "vethboard": 1,
  "namespaces": {
    "host": {"interfaces": {"br0": {"kind": "bridge", "stp": true}}},
    "ns 0": {
      "interfaces": {"veth0": {"kind": "veth", "peer": "host/veth1", "addresses": ["10.0.1.1/24", "10.0.2.1/24"]}},
      "routes": [{"to": "default", "via": "10.0.1.254"}]
    }
  }
}`
const stateOf = (doc: string) => EditorState.create({ doc, extensions: [json()] })
const state = stateOf(TEXT)
const at = (path: string): string => {
  const { from, to } = rangeOf(state, parsePath(path))
  return state.sliceDoc(from, to)
}

describe('places of JSON paths', () => {
  test('a path as the server writes it', () => {
    expect(parsePath('$.namespaces["ns 0"].routes[0].via')).toEqual(['namespaces', 'ns 0', 'routes', 0, 'via'])
  })
  test('values, keys of what holds more, and as deep as there is something', () => {
    expect(at('$.vethboard')).toBe('1')
    expect(at('$.namespaces["ns 0"].routes[0].via')).toBe('"10.0.1.254"')
    expect(at('$.namespaces["ns 0"].interfaces.veth0.addresses[1]')).toBe('"10.0.2.1/24"')
    expect(at('$.namespaces.host.interfaces.br0')).toBe('"br0"')
    expect(at('$.namespaces.host.interfaces.br0.mtu')).toBe('"br0"')
  })
  test('the record at a place, and the place of a record', () => {
    const place = TEXT.indexOf('10.0.2.1')
    expect(recordAt(pathAt(state, place))).toBe('interface:ns 0/veth0')
    expect(recordAt(pathAt(state, TEXT.indexOf('default')))).toBe('namespace:ns 0')
    const entry = entryOf(state, ['namespaces', 'host', 'interfaces', 'br0'])
    expect(state.sliceDoc(entry?.from, entry?.to)).toBe('"br0": {"kind": "bridge", "stp": true}')
  })
  test('a problem of the server stands at its place, also one of a record', () => {
    const found = diagnostic(state, { code: 'invalid', message: 'no', subject: 'interface:ns 0/veth0', hint: 'so' })
    expect(state.sliceDoc(found.from, found.to)).toBe('"veth0"')
    expect(found.message).toBe('no — so')
  })
})

describe('completion', () => {
  const names = () => [
    { ref: 'host/br0', kind: 'bridge' },
    { ref: 'host/veth1', kind: 'veth' },
  ]
  /** The labels offered where the text has a `|`. */
  const offered = (text: string): string[] => {
    const found = completer(names)(new CompletionContext(stateOf(text.replace('|', '')), text.indexOf('|'), true))
    return found?.options.map((o) => o.label) ?? []
  }
  test('keys of the document that are not there yet', () => {
    const keys = offered('{"vethboard": 1, |}')
    expect(keys).toContain('"namespaces"')
    expect(keys).not.toContain('"vethboard"')
  })
  test('keys by the kind of the interface', () => {
    const inside = (kind: string): string => `{"namespaces": {"host": {"interfaces": {"x": {"kind": "${kind}", |}}}}}`
    expect(offered(inside('bridge'))).toContain('"stp"')
    expect(offered(inside('bridge'))).not.toContain('"peer"')
    expect(offered(inside('veth'))).toContain('"peer"')
  })
  test('values: kinds, true and false, and names that are there', () => {
    const value = (key: string): string =>
      `{"namespaces": {"host": {"interfaces": {"x": {"kind": "veth", "${key}": |}}}}}`
    expect(offered('{"namespaces": {"host": {"interfaces": {"x": {"kind": |}}}}}')).toContain('"bridge"')
    expect(offered(value('up'))).toEqual(['true', 'false'])
    expect(offered(value('peer'))).toEqual(['"host/veth1"'])
    expect(offered(value('master'))).toEqual(['"br0"'])
  })
  test('names by the declaration of the field: a vlan and a vxlan are made on an interface, a vlan also on one elsewhere', () => {
    const value = (kind: string, key: string): string =>
      `{"namespaces": {"ns0": {"interfaces": {"x": {"kind": "${kind}", "${key}": |}}}}}`
    expect(offered(value('vlan', 'parent'))).toEqual(['"host/br0"', '"host/veth1"'])
    expect(offered(value('vxlan', 'parent'))).toEqual([])
    expect(offered(value('vxlan', 'underlay'))).toEqual(['"host"'])
    expect(offered(value('vlan', 'protocol'))).toEqual(['"802.1Q"', '"802.1ad"'])
  })
  test('a name in quotes keeps its closing quote', () => {
    const state = stateOf('{"vethboard": 1, "na"}')
    const found = completer(names)(new CompletionContext(state, 20, false))
    expect(state.sliceDoc(found?.from, found?.to)).toBe('"na"')
  })
})
