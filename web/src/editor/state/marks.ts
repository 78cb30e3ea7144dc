/** What is under way, and what was refused, at the records that it is about. */

import { ProblemError } from '@/connection'
import { type AnyCommand, interfaceId, type Problem } from '@/protocol'
import { Value } from '@/ui/value'

/** `problem`: why it was refused; absent while it is under way. */
export interface Mark {
  problem?: Problem
}

/** An edit that is over sooner leaves no mark. */
const SOON_MS = 150
/** A refusal stays this long, or until the next edit of the same. */
const KEPT_MS = 30_000

/** The records that commands are about. */
export function subjectsOf(commands: readonly AnyCommand[]): string[] {
  const ids = commands.flatMap((command) => {
    if (command.do === 'remove') return command.ids
    if ('interface' in command && typeof command.interface === 'string') return [interfaceId(command.interface)]
    return []
  })
  return [...new Set(ids)]
}

export class Marks {
  readonly all = new Value<ReadonlyMap<string, Mark>>(new Map())

  /** Mark what these commands are about until they are answered. */
  async during<R>(commands: readonly AnyCommand[], answer: Promise<R>): Promise<R> {
    const ids = subjectsOf(commands)
    this.clear(ids)
    const timer = setTimeout(() => this.put(ids, {}), SOON_MS)
    try {
      const done = await answer
      this.finish(timer, ids)
      return done
    } catch (error) {
      this.finish(timer, ids)
      if (error instanceof ProblemError) this.refuse(error.problem, ids)
      throw error
    }
  }

  private finish(timer: ReturnType<typeof setTimeout>, ids: readonly string[]): void {
    clearTimeout(timer)
    this.clear(ids)
  }

  private refuse(problem: Problem, ids: readonly string[]): void {
    const subject = problem.subject ?? ids[0]
    if (!subject) return
    const mark = { problem }
    this.put([subject], mark)
    setTimeout(() => this.all.get().get(subject) === mark && this.clear([subject]), KEPT_MS)
  }

  private put(ids: readonly string[], mark: Mark): void {
    if (ids.length > 0) this.all.update((now) => new Map([...now, ...ids.map((id): [string, Mark] => [id, mark])]))
  }

  private clear(ids: readonly string[]): void {
    this.all.update((now) => {
      const left = [...now].filter(([id]) => !ids.includes(id))
      return left.length === now.size ? now : new Map(left)
    })
  }
}
