import type {
  Analysed,
  AnyRequest,
  AnyResult,
  CapturedFrames,
  CaptureStarted,
  Compared,
  Diagnosis,
  Done,
  Examples,
  Exited,
  Exported,
  Files,
  HistoryList,
  Labs,
  PingDone,
  Planned,
  Predicted,
  Problem,
  RuleChecked,
  Snapshot,
  TerminalClosed,
  TerminalOpened,
  Text,
  Traced,
  VocabularyOf,
  Watched,
} from '@/protocol'

/** What answers which request. `edit` with `dry_run` answers `Planned`. */
interface Results {
  labs: Labs
  examples: Examples
  open: Snapshot
  edit: Done | Planned
  compare: Compared
  export: Exported
  ping: PingDone
  exec: Exited
  netns: Text
  history: HistoryList
  doctor: Diagnosis
  'check-rule': RuleChecked
  'export-rules': Exported
  vocabulary: VocabularyOf
  analyse: Analysed
  'open-terminal': TerminalOpened
  'close-terminal': TerminalClosed
  'list-files': Files
  'start-capture': CaptureStarted
  trace: Traced
  predict: Predicted
  watch: Watched
  'read-capture': CapturedFrames
}

export type Kind = AnyRequest['type']
export type Result<K extends Kind> = K extends keyof Results ? Results[K] : Done
export type Asked<K extends Kind> = Omit<Extract<AnyRequest, { type: K }>, 'id'> & { type: K }

/** A request was refused: the server's problem. */
export class ProblemError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.message)
    this.name = 'ProblemError'
    this.problem = problem
  }
}

/** There is no connection, or it went away before the answer came. `sent`: then it is not known whether it was done. */
export class LostError extends Error {
  readonly sent: boolean

  constructor(sent = true) {
    super('connection lost')
    this.name = 'LostError'
    this.sent = sent
  }
}

export type { AnyResult }
