import type { Counts, Detail, Row } from './store'
import type { Conversation } from './stream'

/** What the page asks of the worker. Each question is answered once, with its `id`. */
export type Ask =
  | { do: 'reset'; interfaces: readonly string[] }
  | { do: 'add'; first: number; bytes: Uint8Array<ArrayBuffer>; oldest: number }
  | { do: 'filter'; source: string }
  | { do: 'rows'; from: number; to: number }
  | { do: 'detail'; number: number }
  | { do: 'follow'; number: number }

export interface Answers {
  reset: Counts
  add: Counts
  filter: Counts
  rows: Row[]
  detail: Detail | null
  follow: Conversation | null
}

export type Question = Ask & { id: number }
export type Reply = { id: number; answer: Answers[keyof Answers] }
