import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { afterAll, describe, expect, test } from 'vitest'
import { ADD_KIND, type FormValues, filledIn, lowerOptions, proposedName } from '@/editor'
import { LANGUAGES, type Language, language } from '@/i18n'
import { fieldTexts, KIND_ICONS, useKindTexts } from '@/kinds'
import { type AnyInterface, KINDS, type Kind, kindBadge, lowerOf, peerOf } from '@/protocol'
import { type Scene, Session } from '@/store'
import { snapshot } from '../lab'

const SRC = `${import.meta.dirname}/../../src`
const WORDS: ReadonlySet<string> = new Set(Object.keys(KINDS))
const SPECS = Object.values(KINDS)

const NODE = 'a node of the canvas, which has kinds of its own: namespace, bridge, area, note'
const HOP = 'a hop of a trace, which has kinds of its own'
/** Comparisons with a word that is also a kind of interface: how many a file has, and what they ask. */
const ALLOWED: Readonly<Record<string, readonly [number, string]>> = {
  'journey/usePlayer.ts': [1, 'a hop of a trace through a bridge, not a kind of interface'],
  'canvas/cards/Card.tsx': [1, NODE],
  'canvas/drawing/cards.ts': [2, NODE],
  'canvas/drawing/NodeList.tsx': [1, NODE],
  'canvas/flow/elements.tsx': [1, NODE],
  'canvas/flow/view.ts': [2, NODE],
  'canvas/input/move.ts': [3, NODE],
  'canvas/journey/hopBoxes.ts': [3, `${NODE}; ${HOP}`],
  'canvas/journey/JourneyLayer.tsx': [1, HOP],
  'canvas/model/board.ts': [5, NODE],
  'canvas/model/picture.ts': [1, NODE],
  'journey/words.ts': [1, HOP],
}

/** How often a file compares something with a kind of interface: `===`, `case`, `includes`. */
function comparisons(file: string): number {
  const text = readFileSync(file, 'utf8')
  if (![...WORDS].some((word) => text.includes(`'${word}'`))) return 0
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  let found = 0
  const isWord = (node: ts.Node): boolean => ts.isStringLiteralLike(node) && WORDS.has(node.text)
  const look = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && /^[!=]==?$/.test(node.operatorToken.getText()))
      found += Number(isWord(node.left) || isWord(node.right))
    if (ts.isCaseClause(node)) found += Number(isWord(node.expression))
    if (ts.isCallExpression(node) && /\.(includes|has|indexOf)$/.test(node.expression.getText())) {
      const list = ts.isPropertyAccessExpression(node.expression) ? node.expression.expression : undefined
      const among = list && ts.isArrayLiteralExpression(list) ? [...list.elements] : []
      found += Number([...node.arguments, ...among].some(isWord))
    }
    ts.forEachChild(node, look)
  }
  look(source)
  return found
}

test('nothing asks for a kind of interface by its name: its declaration says what matters about it', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name))
  const found = files.map((file): [string, number] => [file, comparisons(`${SRC}/${file}`)]).filter(([, n]) => n > 0)
  const allowed = Object.entries(ALLOWED).map(([file, [n]]) => [file, n])
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(allowed))
})

describe.each(SPECS.map((spec) => [spec.kind, spec] as const))('%s', (kind, spec) => {
  afterAll(() => language.set('en'))
  test('has an icon of its own, or that of a link', () => {
    expect(KIND_ICONS[kind]).toBeDefined()
  })
  test.each(Object.keys(LANGUAGES) as Language[])('has a name, a sentence and labels in %s', (spoken) => {
    language.set(spoken)
    const texts = useKindTexts.now()
    const labels = spec.fields.map((field) => fieldTexts(kind, field).label)
    expect([texts[kind], texts[`${kind}.about`], ...labels].filter((text) => !text)).toEqual([])
    expect(new Set(labels).size).toBe(labels.length)
  })
  test('can be added, unless it is one of a pair or there from the start', () => {
    expect(ADD_KIND.has(kind)).toBe(!spec.builtin && !spec.paired)
  })
})

describe('what a form makes', () => {
  const scene = (): Scene => {
    const session = new Session({ send: () => undefined, listen: () => undefined, close: () => undefined })
    session.lab.reset(snapshot())
    return session.lab.scene.get()
  }
  const made = (kind: Kind, values: FormValues = {}, namespace = 'ns0'): AnyInterface | null =>
    filledIn(scene(), kind, namespace, proposedName(scene(), kind, namespace, values), values)

  test('kinds without fields need nothing', () => {
    expect(made('dummy')).toEqual({ kind: 'dummy', namespace: 'ns0', name: 'dummy0' })
    expect(made('ifb')).toEqual({ kind: 'ifb', namespace: 'ns0', name: 'ifb0' })
    expect(made('bridge', {}, 'host')).toEqual({ kind: 'bridge', namespace: 'host', name: 'br1' })
  })
  test('a vlan is named after its lower interface and its number', () => {
    expect(made('vlan')).toEqual({ kind: 'vlan', namespace: 'ns0', name: 'eth0.10', parent: 'ns0/eth0', vid: 10 })
    const other = made('vlan', { parent: 'ns0/veth0', vid: '7', protocol: '802.1ad', gvrp: true })
    expect(other).toMatchObject({ name: 'veth0.7', vid: 7, protocol: '802.1ad', gvrp: true })
    expect(made('vlan', { vid: '' })).toBeNull()
    expect(made('vlan', { vid: 'ten' })).toMatchObject({ vid: 'ten' }) // the server says what is wrong with it
  })
  test('defaults and what is left empty are not in the record', () => {
    expect(made('vxlan', { remote: '192.0.2.1', dstport: '4789', local: '' })).toEqual({
      kind: 'vxlan',
      namespace: 'ns0',
      name: 'vxlan0',
      vni: 100,
      remote: '192.0.2.1',
    })
  })
  test('an interface can be made on those that carry others, and where the kind allows it on those of other namespaces', () => {
    const [macvlan, vxlan] = [lowerOptions(scene(), KINDS.macvlan, 'ns1'), lowerOptions(scene(), KINDS.vxlan, 'ns1')]
    expect(macvlan.slice(0, 2)).toEqual(['ns1/veth1', 'ns1/veth9'])
    expect(macvlan).toContain('host/br0')
    expect(macvlan.filter((ref) => ref.endsWith('/lo'))).toEqual([])
    expect(vxlan).toEqual(['ns1/veth1', 'ns1/veth9'])
  })
})

describe('what is said of an interface', () => {
  const vxlan: AnyInterface = { kind: 'vxlan', namespace: 'ns0', name: 'v', vni: 42, parent: 'ns0/eth0' }
  const veth: AnyInterface = { kind: 'veth', namespace: 'ns0', name: 'eth0', peer: 'host/p0' }
  test('its kind, with its number; nothing of the end of a pair and of lo', () => {
    const said = [kindBadge('vxlan', vxlan), kindBadge('vxlan', undefined), kindBadge('ifb', undefined)]
    expect(said).toEqual(['vxlan 42', 'vxlan', 'ifb'])
    expect([kindBadge('veth', veth), kindBadge('loopback', undefined), kindBadge('wireguard', undefined)]).toEqual([
      '',
      '',
      'wireguard',
    ])
  })
  test('its peer and its lower interface', () => {
    expect([peerOf(veth), lowerOf(veth), peerOf(vxlan), lowerOf(vxlan)]).toEqual(['host/p0', null, null, 'ns0/eth0'])
  })
})
