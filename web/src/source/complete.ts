/** Completion and hover of documents in CodeMirror, from the schema and from the names that the lab has. */

import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import type { EditorState } from '@codemirror/state'
import { type EditorView, hoverTooltip, type Tooltip } from '@codemirror/view'
import { fieldTexts } from '@/kinds'
import { hasPorts, type Json, type KindField, type KindSpec, kindSpec, nameOf, namespaceOf } from '@/protocol'
import { type Path, pathAt, pathOfNode, property, rangeOf, textOf, tree } from './paths'
import { blank, type Key, keysOf, type Schema, schemasAt, typeOf, valuesOf } from './schema'
import { useSourceTexts } from './texts'

/** Names that can be pointed at: refs (`ns0/veth0`) with their kind. */
export type Names = () => readonly { ref: string; kind: string }[]

type Node = ReturnType<typeof tree>['topNode']

/** The `kind` that the object at a path says it has. */
function kinds(state: EditorState): (path: Path) => string | undefined {
  return (path) => {
    const { from } = rangeOf(state, path)
    const entry = tree(state).resolveInner(from, 1).parent
    const object = entry?.name === 'Property' ? entry.getChild('Object') : null
    const value = object && property(state, object, 'kind')?.getChild('String')
    return value ? textOf(state, value) : undefined
  }
}

/** The object or array that a place is directly in. */
function container(state: EditorState, at: number): Node | null {
  let node: Node | null = tree(state).resolveInner(at, -1)
  while (node && ((node.name !== 'Object' && node.name !== 'Array') || node.from >= at)) node = node.parent
  return node
}

export function completer(names: Names): (context: CompletionContext) => CompletionResult | null {
  return (context) => {
    const { state, pos } = context
    const word = context.matchBefore(/"?[\w./:-]*/)
    const from = word?.from ?? pos
    if (from === pos && !context.explicit) return null
    const before = state.sliceDoc(0, from).trimEnd().at(-1)
    const inside = container(state, from)
    if (!inside || before === undefined) return null
    // what is completed may have its closing quote already
    const to = state.sliceDoc(pos, pos + 1) === '"' && state.sliceDoc(from, from + 1) === '"' ? pos + 1 : pos
    const options =
      inside.name === 'Object' && (before === '{' || before === ',')
        ? keyOptions(state, inside, to)
        : before === ':' || inside.name === 'Array'
          ? valueOptions(state, inside, from, names)
          : []
    return options.length > 0 ? { from, to, options, filter: true, validFor: /^"?[\w./:-]*$/ } : null
  }
}

function keyOptions(state: EditorState, object: Node, to: number): Completion[] {
  const path = pathOfNode(state, object)
  const known = new Set(
    object
      .getChildren('Property')
      .flatMap((p) => p.getChild('PropertyName') ?? [])
      .map((n) => textOf(state, n)),
  )
  const hasValue = /^\s*:/.test(state.sliceDoc(to, to + 20))
  return keysOf(schemasAt(path, kinds(state)))
    .filter(({ name }) => !known.has(name))
    .map((key) => keyOption(key, hasValue))
}

function keyOption({ name, schemas, required }: Key, hasValue: boolean): Completion {
  const { text, back } = blank(schemas)
  const insert = hasValue ? JSON.stringify(name) : `${JSON.stringify(name)}: ${text}`
  return {
    label: JSON.stringify(name),
    type: 'property',
    detail: typeOf(schemas).slice(0, 48),
    boost: required ? 2 : 0,
    ...(schemas[0]?.description ? { info: schemas[0].description } : {}),
    apply: (view: EditorView, _: Completion, from: number, to: number) => {
      const cursor = from + insert.length - (hasValue ? 0 : back)
      view.dispatch({ changes: { from, to, insert }, selection: { anchor: cursor }, userEvent: 'input.complete' })
    },
  }
}

function valueOptions(state: EditorState, inside: Node, from: number, names: Names): Completion[] {
  const path = inside.name === 'Array' ? [...pathOfNode(state, inside), 0] : pathOfKeyBefore(state, inside, from)
  const listed = valuesOf(schemasAt(path, kinds(state))).map((v) => option(v, 'enum'))
  return [...listed, ...pointed(path, names(), kinds(state)).map((v) => option(v, 'variable'))]
}

const option = (value: Json, type: string): Completion => ({ label: JSON.stringify(value), type })

function pathOfKeyBefore(state: EditorState, object: Node, at: number): Path {
  const entry = object.getChildren('Property').findLast((p) => p.from < at)
  const key = entry?.getChild('PropertyName')
  return [...pathOfNode(state, object), ...(key ? [textOf(state, key)] : [])]
}

/** The declaration of the interface's own field at a path. */
function fieldAt(path: Path, kindAt: (path: Path) => string | undefined): [KindSpec, KindField] | undefined {
  const spec = kindSpec(kindAt(path.slice(0, -1)))
  const field = spec?.fields.find(({ name }) => name === path.at(-1))
  return spec && field && [spec, field]
}

/** What a value of this key can name. */
function pointed(path: Path, names: ReturnType<Names>, kindAt: (path: Path) => string | undefined): string[] {
  const [, namespace] = path
  const here = names.filter(({ ref }) => namespaceOf(ref) === namespace)
  const short = (all: typeof names): string[] => all.map(({ ref }) => nameOf(ref))
  const [spec, field] = fieldAt(path, kindAt) ?? []
  switch (field?.type) {
    case 'peer':
      return names.filter(({ kind }) => kindSpec(kind)?.paired).map(({ ref }) => ref)
    case 'lower':
      return (spec?.lower?.elsewhere ? names : here)
        .filter(({ kind }) => kindSpec(kind)?.carries !== false && (spec?.lower?.onItself || kind !== spec?.kind))
        .map(({ ref }) => ref)
    case 'namespace':
      return [...new Set(names.map(({ ref }) => namespaceOf(ref)))]
  }
  switch (path.at(-1)) {
    case 'master':
      return short(here.filter(({ kind }) => hasPorts(kind)))
    case 'dev':
      return short(here)
    case 'to':
      return ['default']
    default:
      return []
  }
}

/** What the schema says of the key or value under the pointer. */
export const hover = hoverTooltip((view, at): Tooltip | null => {
  const path = pathAt(view.state, at)
  if (path.length === 0) return null
  const schemas = schemasAt(path, kinds(view.state))
  if (schemas.length === 0) return null
  return {
    pos: at,
    above: true,
    create: () => ({ dom: card(String(path.at(-1)), schemas, labelAt(path, kinds(view.state))) }),
  }
})

/** What the forms call the field of an interface at a path, and what it means. */
function labelAt(path: Path, kindAt: (path: Path) => string | undefined): string {
  const [spec, field] = fieldAt(path, kindAt) ?? []
  if (!spec || !field) return ''
  const { label, hint } = fieldTexts(spec.kind, field)
  return [label, hint].filter(Boolean).join(' · ')
}

function card(name: string, schemas: readonly Schema[], label: string): HTMLElement {
  const dom = document.createElement('div')
  dom.className = 'cm-schema'
  const line = (text: string, tag: string): void => {
    if (!text) return
    const part = document.createElement(tag)
    part.textContent = text
    dom.append(part)
  }
  line(name, 'strong')
  line(typeOf(schemas), 'code')
  line(label, 'p')
  line(schemas.find((s) => s.description)?.description ?? '', 'p')
  const fallback = schemas.find((s) => s.default !== undefined)?.default
  if (fallback !== undefined) line(useSourceTexts.now().byDefault(JSON.stringify(fallback)), 'p')
  return dom
}
