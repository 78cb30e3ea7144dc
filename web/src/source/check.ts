/** Checks the text: JSON syntax here, the rest by a dry run of the server. */

import { jsonParseLinter } from '@codemirror/lang-json'
import type { Diagnostic } from '@codemirror/lint'
import type { EditorState } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { ProblemError } from '@/connection'
import type { Json, Planned, Problem } from '@/protocol'
import { parsePath, pathOfRecord, rangeOf } from './paths'

export type Verdict =
  | { kind: 'same' }
  | { kind: 'checking' }
  | { kind: 'wrong'; problems: number }
  | { kind: 'plan'; plan: Planned }

const syntax = jsonParseLinter()

export interface Checked {
  verdict: Verdict
  diagnostics: Diagnostic[]
}

/** `plan` tries a document dry; it throws what `Editor.plan` throws. */
export async function check(
  view: EditorView,
  plan: (document: Record<string, Json>) => Promise<Planned>,
): Promise<Checked> {
  const local = syntax(view)
  if (local.length > 0) return { verdict: { kind: 'wrong', problems: local.length }, diagnostics: local }
  const { state } = view
  try {
    const document = JSON.parse(state.doc.toString()) as Record<string, Json>
    return { verdict: { kind: 'plan', plan: await plan(document) }, diagnostics: [] }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    const diagnostics = all(error.problem).map((problem) => diagnostic(state, problem))
    return { verdict: { kind: 'wrong', problems: diagnostics.length }, diagnostics }
  }
}

const all = (problem: Problem): Problem[] => [problem, ...(problem.causes ?? []).flatMap(all)]

/** The problem at its place: the server names a JSON path or a record. */
export function diagnostic(state: EditorState, problem: Problem): Diagnostic {
  const subject = problem.subject ?? '$'
  const path = subject.startsWith('$') ? parsePath(subject) : (pathOfRecord(subject) ?? [])
  const { from, to } = rangeOf(state, path)
  const message = [problem.message, problem.hint].filter(Boolean).join(' — ')
  return { from, to, severity: 'error', message }
}
