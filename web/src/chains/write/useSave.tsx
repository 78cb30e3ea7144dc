import { useEffect, useRef, useState } from 'react'
import { ProblemError } from '@/connection'
import { errorMessage, useEditor } from '@/editor'
import type { AnyCommand } from '@/protocol'
import { announce, Button } from '@/ui'
import { usePanel, type Writing } from '../context'
import type { ChainView } from '../model/digest'
import { followed, place, placeFollowed } from '../model/ruleCommands'
import { RuleText } from '../RuleText'
import { useChainsTexts } from '../texts'
import styles from './RuleEditor.module.css'
import type { Wrong } from './TextField'
import { useWriteTexts } from './texts'

export interface Save {
  busy: boolean
  run: () => void
  /** As `run`, with the chain that does not exist yet. */
  withChain: () => void
  /** In place of what the rule is now. */
  over: (was: string) => void
  asNew: () => void
}

/** Saves the rule that is being written; an error is marked at its word, and the text stays. */
export function useSave(
  { chainRef, draft }: Writing,
  rules: readonly string[],
  text: string,
  onRefused: (wrong: Wrong) => void,
): Save {
  const editor = useEditor()
  const panel = usePanel()
  const t = useChainsTexts()
  const [busy, setBusy] = useState(false)
  const { family, table, name: chain } = chainRef
  const where = { namespace: panel.namespace, family, table }
  const rule = text.trim()
  const add: AnyCommand = { do: 'add-rule', ...where, chain, rule, ...place(rules, draft.at) }
  const send = async (commands: readonly AnyCommand[], label: string): Promise<void> => {
    if (busy) return
    setBusy(true)
    try {
      await editor.request(commands, label)
      announce(label)
      panel.leave()
    } catch (error) {
      setBusy(false)
      onRefused(wrongOf(error, text))
    }
  }
  const replace = (was: string): void => {
    if (draft.kind === 'change') {
      const command: AnyCommand = { do: 'set-rule', ...where, chain, at: draft.at, was, rule }
      void send([command], t.changed(draft.at, chain))
    }
  }
  return {
    busy,
    run: () => (draft.kind === 'change' ? replace(draft.was) : void send([add], t.added(chain))),
    withChain: () => void send([{ do: 'add-chain', ...where, name: chain }, add], t.added(chain)),
    over: replace,
    asNew: () => void send([add], t.added(chain)),
  }
}

function wrongOf(error: unknown, text: string): Wrong {
  const span = error instanceof ProblemError ? error.problem.span : null
  const [start, end] = span ?? [0, text.length]
  return { start, end, message: errorMessage(error) }
}

/** Goes along with the rule, or the place, that is meant while others change the chain. */
export function useFollow({ chainRef, draft }: Writing, chain: ChainView | undefined): void {
  const panel = usePanel()
  const seen = useRef(chain)
  useEffect(() => {
    const before = seen.current
    seen.current = chain
    if (!before || !chain || before.id !== chain.id || before.rules === chain.rules || draft.at === null) return
    const number = draft.kind === 'change' ? followed(before.rules, chain.rules)(draft.at) : null
    const at = number ?? placeFollowed(before.rules, chain.rules, draft.at)
    if (at !== draft.at) panel.retarget(chainRef, { ...draft, at })
  }, [chain, chainRef, draft, panel])
}

/** Shown if someone else changed or deleted the rule that is being edited: asks which version to keep. */
export function ConflictNotice({
  writing,
  chain,
  onTake,
  save,
}: {
  writing: Writing
  chain: ChainView | undefined
  onTake: (text: string) => void
  save: Save
}) {
  const t = useWriteTexts()
  const panel = usePanel()
  const { draft, chainRef } = writing
  const isThere = draft.kind === 'change' && chain?.rules[draft.at - 1] === draft.was
  const before = useBefore(chain?.rules ?? [], isThere)
  if (draft.kind !== 'change' || !chain || save.busy || isThere) return null
  // Only where all else is as it was, what has its number now is the same rule, changed. Else that is another, and ours is gone.
  const now = isChangedAlone(before, chain.rules, draft.at) ? chain.rules[draft.at - 1] : undefined
  const moved = chain.rules.indexOf(draft.was) + 1 // it is there again
  if (moved > 0) return <Follow onFollow={() => panel.retarget(chainRef, { ...draft, at: moved })} />
  return (
    <div className={styles.meanwhile} role="alert">
      {now === undefined ? t.goneMeanwhile : t.changedMeanwhile}
      {now !== undefined && <RuleText text={now} />}
      {now !== undefined ? (
        <>
          <Button size="s" onClick={() => save.over(now)}>
            {t.useMine}
          </Button>
          <Button
            size="s"
            onClick={() => {
              panel.retarget(chainRef, { ...draft, was: now })
              onTake(now)
            }}
          >
            {t.useTheirs}
          </Button>
        </>
      ) : (
        <Button size="s" onClick={save.asNew}>
          {t.addMine}
        </Button>
      )}
    </div>
  )
}

/** The rules of the chain when the edited one was last among them, at its number. */
function useBefore(rules: readonly string[], isThere: boolean): readonly string[] {
  const before = useRef(isThere ? rules : [])
  useEffect(() => {
    if (isThere) before.current = rules
  }, [rules, isThere])
  return before.current
}

const isChangedAlone = (before: readonly string[], now: readonly string[], at: number): boolean =>
  before.length === now.length && before.every((rule, i) => i === at - 1 || rule === now[i])

/** The rule is where it was not: go along with it. */
function Follow({ onFollow }: { onFollow: () => void }) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each time that it has moved
  useEffect(onFollow, [])
  return null
}
