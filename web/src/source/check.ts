/** Checks the text by a dry run of the server: it has the one reader of documents, whose words the command line has too. */

import type { Diagnostic } from '@codemirror/lint'
import type { EditorState } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { ProblemError } from '@/connection'
import { allProblems } from '@/editor'
import type { Planned, Problem } from '@/protocol'
import { parsePath, pathOfRecord, type Range, rangeOf } from './paths'

export type Verdict =
  | { kind: 'same' }
  | { kind: 'checking' }
  | { kind: 'wrong'; problems: number }
  | { kind: 'plan'; plan: Planned }

export interface Checked {
  verdict: Verdict
  diagnostics: Diagnostic[]
}

/** `plan` tries a document dry; it throws what `Editor.plan` throws. */
export async function check(view: EditorView, plan: (document: string) => Promise<Planned>): Promise<Checked> {
  const { state } = view
  try {
    return { verdict: { kind: 'plan', plan: await plan(state.doc.toString()) }, diagnostics: [] }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    const diagnostics = allProblems(error.problem).map((problem) => diagnostic(state, problem))
    return { verdict: { kind: 'wrong', problems: diagnostics.length }, diagnostics }
  }
}

/** The problem at its place: the server names a JSON path or a record; of what is not JSON, line and column. */
export function diagnostic(state: EditorState, problem: Problem): Diagnostic {
  const message = [problem.message, problem.hint].filter(Boolean).join(' — ')
  return { ...placeOf(state, problem), severity: 'error', message }
}

function placeOf(state: EditorState, { subject, at }: Problem): Range {
  if (at && (subject ?? '$') === '$') {
    const line = state.doc.line(Math.min(at[0], state.doc.lines))
    const from = line.from + [...line.text].slice(0, at[1] - 1).join('').length
    return { from, to: Math.min(from + 1, state.doc.length) }
  }
  const path = subject?.startsWith('$') ? parsePath(subject) : subject ? (pathOfRecord(subject) ?? []) : []
  return rangeOf(state, path)
}
