/** JSON paths (`$.namespaces.ns0.routes[0]`), record ids, and where they stand in the text. */

import { ensureSyntaxTree, syntaxTree } from '@codemirror/language'
import type { EditorState } from '@codemirror/state'
import { afterColon, interfaceId, kindOfId, nameOf, namespaceId, namespaceOf } from '@/protocol'

export type Path = readonly (string | number)[]

export interface Range {
  from: number
  to: number
}

type SyntaxNode = ReturnType<typeof syntaxTree>['topNode']

/** How long the parser may take for a text that changed much, in ms. */
const PARSE_MS = 100

/** The steps of a JSON path as `topology/document/jsontext.py` writes it. */
export function parsePath(path: string): Path {
  const out: (string | number)[] = []
  for (const [, word, number, quoted] of path.matchAll(/\.([A-Za-z_][\w-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g)) {
    if (word !== undefined) out.push(word)
    else if (number !== undefined) out.push(Number(number))
    else if (quoted !== undefined) out.push(JSON.parse(quoted) as string)
  }
  return out
}

/** The path of a record in a document; null if it has no single place. */
export function pathOfRecord(id: string): Path | null {
  const name = afterColon(id)
  if (kindOfId(id) === 'namespace') return ['namespaces', name]
  if (kindOfId(id) === 'interface') return ['namespaces', namespaceOf(name), 'interfaces', nameOf(name)]
  return null
}

/** The record that a place in a document is about; null for none. */
export function recordAt(path: Path): string | null {
  const [top, namespace, part, name] = path
  if (top === 'layout' && typeof namespace === 'string') {
    return namespace.includes('/') ? interfaceId(namespace) : namespaceId(namespace)
  }
  if (top !== 'namespaces' || typeof namespace !== 'string') return null
  return part === 'interfaces' && typeof name === 'string'
    ? interfaceId(`${namespace}/${name}`)
    : namespaceId(namespace)
}

export const tree = (state: EditorState) => ensureSyntaxTree(state, state.doc.length, PARSE_MS) ?? syntaxTree(state)

/** The text of a string node, without quotes and escapes; as it stands where it is not finished. */
export function textOf(state: EditorState, node: Range): string {
  const text = state.sliceDoc(node.from, node.to)
  try {
    return String(JSON.parse(text))
  } catch {
    return text.replace(/^"|"$/g, '')
  }
}

const VALUES: ReadonlySet<string> = new Set(['Object', 'Array', 'String', 'Number', 'True', 'False', 'Null'])

export function children(node: SyntaxNode): SyntaxNode[] {
  const out: SyntaxNode[] = []
  for (let child = node.firstChild; child; child = child.nextSibling) out.push(child)
  return out
}

/** The value of a property, of an array's place, or of the whole text. */
const valueIn = (node: SyntaxNode): SyntaxNode | undefined => children(node).find((c) => VALUES.has(c.name))

export function property(state: EditorState, object: SyntaxNode, key: string): SyntaxNode | undefined {
  return object.getChildren('Property').find((p) => {
    const name = p.getChild('PropertyName')
    return name && textOf(state, name) === key
  })
}

/** The text range of a path: of the key if the value is an object or an array, otherwise of the value; as deep as the path exists. */
export function rangeOf(state: EditorState, path: Path): Range {
  let value = valueIn(tree(state).topNode)
  let found: Range = { from: value?.from ?? 0, to: Math.min((value?.from ?? 0) + 1, state.doc.length) }
  for (const step of path) {
    if (!value) break
    if (typeof step === 'number') {
      const item: SyntaxNode | undefined = children(value).filter((c) => VALUES.has(c.name))[step]
      if (!item) break
      found = item
      value = item
    } else {
      const entry = property(state, value, step)
      if (!entry) break
      value = valueIn(entry)
      const key = entry.getChild('PropertyName')
      const plain = value && value.name !== 'Object' && value.name !== 'Array'
      found = (plain ? value : key) ?? entry
    }
  }
  return { from: found.from, to: found.to }
}

/** The whole entry of a path, key and value; null where there is none. */
export function entryOf(state: EditorState, path: Path): Range | null {
  let value = valueIn(tree(state).topNode)
  let entry: SyntaxNode | undefined
  for (const step of path) {
    entry = value && typeof step === 'string' ? property(state, value, step) : undefined
    if (!entry) return null
    value = valueIn(entry)
  }
  return entry ? { from: entry.from, to: entry.to } : null
}

/** The path of the innermost value or key around a place. */
export function pathAt(state: EditorState, at: number, side: -1 | 0 | 1 = 0): Path {
  return pathOfNode(state, tree(state).resolveInner(at, side))
}

export function pathOfNode(state: EditorState, start: SyntaxNode): Path {
  const out: (string | number)[] = []
  for (let node: SyntaxNode | null = start; node; node = node.parent) {
    if (node.name === 'Property') {
      const name = node.getChild('PropertyName')
      if (name) out.unshift(textOf(state, name))
    }
    const { parent } = node
    if (parent?.name === 'Array' && VALUES.has(node.name)) {
      const { from } = node
      out.unshift(
        children(parent)
          .filter((c) => VALUES.has(c.name))
          .findIndex((c) => c.from === from),
      )
    }
  }
  return out
}
