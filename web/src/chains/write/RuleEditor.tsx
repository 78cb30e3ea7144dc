import { Check, X } from 'lucide-react'
import { type KeyboardEvent, useCallback, useMemo, useState } from 'react'
import { Needs } from '@/editor'
import { Button, IconButton } from '@/ui'
import { useChain, usePanel, type Writing } from '../context'
import { readCommand } from '../model/command'
import { isHook } from '../model/hooks'
import { lint } from '../model/lint'
import { sentence } from '../model/sentence'
import { type Several as Lines, readSeveral } from '../model/several'
import { RuleText } from '../RuleText'
import { useSentenceTexts } from '../sentenceTexts'
import { useNames } from '../useNames'
import { Form } from './Form'
import styles from './RuleEditor.module.css'
import { Several } from './Several'
import { TextField, type Wrong } from './TextField'
import { useWriteTexts } from './texts'
import { type Checked, useCheck } from './useCheck'
import { useRuleScope } from './useRuleScope'
import { ConflictNotice, useFollow, useSave } from './useSave'

const NO_RULES: readonly string[] = []

/** The editor of one rule, as text and as a form that stay in sync. */
export function RuleEditor({ writing }: { writing: Writing }) {
  const t = useWriteTexts()
  const panel = usePanel()
  const { chainRef, draft } = writing
  const [text, setText] = useState(draft.kind === 'change' ? draft.was : (draft.text ?? ''))
  const [refused, setRefused] = useState<Wrong | null>(null)
  const [several, setSeveral] = useState<Lines | null>(null)
  const around = useRuleScope(chainRef)
  const chain = useChain(chainRef)
  const findings = useMemo(() => lint(text, around), [text, around])
  const checked = useCheck(text, chainRef, findings.length === 0)
  const save = useSave(writing, chain?.rules ?? NO_RULES, text, setRefused)
  useFollow(writing, chain)
  const edit = useCallback((next: string) => {
    setText(next)
    setRefused(null)
  }, [])
  const type = (next: string): void => {
    const command = readCommand(next, chainRef)
    if (!command || command.rule === '' || command.verb === 'policy') {
      edit(next)
      return
    }
    const { family, table, chain: name, at, verb } = command
    panel.retarget(
      { family, table, name },
      verb === 'append' ? { kind: 'new', at: null } : { kind: 'new', at: at ?? 1 },
    )
    edit(command.rule)
  }
  const paste = (pasted: string): boolean => {
    const found = readSeveral(pasted, { namespace: panel.namespace, ...chainRef })
    setSeveral(found)
    return found !== null
  }
  const local = findings[0]
  const wrong = refused ?? (local ? { ...local, message: t.fault(local.fault, local.word) } : fromServer(checked))
  return (
    <section
      className={styles.editor}
      aria-label={draft.kind === 'new' ? t.newRule(chainRef.name) : t.changeRule(draft.at, chainRef.name)}
      onKeyDown={(event) => keys(event, panel.leave, several ? () => undefined : save.run)}
    >
      <header className={styles.head}>
        <h3>{draft.kind === 'new' ? t.newRule(chainRef.name) : t.changeRule(draft.at, chainRef.name)}</h3>
        <span className={styles.table}>{chainRef.table}</span>
        {draft.kind === 'new' && chain && <Position writing={writing} rules={chain.rules.length} />}
        <span className={styles.grow} />
        <Needs>
          <Button size="s" variant="primary" disabled={save.busy || several !== null} onClick={save.run}>
            {save.busy ? t.saving : draft.kind === 'new' ? t.add : t.save}
          </Button>
        </Needs>
        <IconButton label={t.cancel} size="s" onClick={panel.leave}>
          <X size={15} />
        </IconButton>
      </header>
      <div className={styles.scroll}>
        {several ? (
          <Several
            found={several}
            onFirst={() => {
              setSeveral(null)
              type(several.first)
            }}
          />
        ) : (
          <>
            <div className={styles.text}>
              <TextField
                text={text}
                around={around}
                wrong={wrong}
                onChange={type}
                onPaste={paste}
                onSubmit={save.run}
              />
              <Says text={text} wrong={wrong} checked={checked} asking={findings.length === 0 && !checked} />
            </div>
            {!chain && (
              <p className={styles.meanwhile} role="alert">
                {t.noChain(chainRef.name, chainRef.table)}
                <Button size="s" onClick={save.withChain}>
                  {t.makeChain(chainRef.name)}
                </Button>
              </p>
            )}
            <ConflictNotice writing={writing} chain={chain} onTake={edit} save={save} />
            <Form text={text} around={around} onChange={edit} />
          </>
        )}
      </div>
    </section>
  )
}

function keys(event: KeyboardEvent, leave: () => void, save: () => void): void {
  const saves = event.key === 'Enter' && (event.ctrlKey || event.metaKey)
  if (event.defaultPrevented || (event.key !== 'Escape' && !saves)) return
  event.preventDefault()
  event.stopPropagation()
  if (saves) save()
  else leave()
}

/** What the lab's iptables objects to, at its word where it names one. */
function fromServer(checked: Checked | null): Wrong | null {
  if (!checked?.problem) return null
  const { message, hint, span } = checked.problem
  const [start, end] = span ?? [0, checked.text.length]
  return { start, end, message: [message, hint].filter(Boolean).join(' — ') }
}

/** The rule in words, and what iptables makes of it. */
function Says({
  text,
  wrong,
  checked,
  asking,
}: {
  text: string
  wrong: Wrong | null
  checked: Checked | null
  asking: boolean
}) {
  const t = useWriteTexts()
  const { namespace, tables, chainRef } = usePanel()
  const words = useSentenceTexts()
  const names = useNames(namespace)
  const custom = tables.get(`${chainRef.family}/${chainRef.table}`)?.custom ?? []
  const said = sentence(text, words, names, (name) => custom.some((c) => c.name === name), isHook(chainRef.name))
  const other = checked?.canonical != null && checked.canonical !== text.trim()
  return (
    <div className={styles.says}>
      <p className={styles.sentence}>{text.trim() === '' ? t.textHint : said}</p>
      {!wrong && (
        <p className={styles.state} role="status">
          {checked && !checked.problem ? (
            <>
              <Check size={12} aria-hidden="true" /> {other ? t.becomes : t.taken}
              {other && <RuleText text={checked.canonical ?? ''} />}
            </>
          ) : (
            asking && t.checking
          )}
        </p>
      )}
    </div>
  )
}

function Position({ writing, rules }: { writing: Writing; rules: number }) {
  const t = useWriteTexts()
  const panel = usePanel()
  if (writing.draft.kind !== 'new') return null
  const { at } = writing.draft
  return (
    <label className={styles.position}>
      {t.position}
      <input
        type="number"
        min={1}
        max={rules + 1}
        value={at ?? rules + 1}
        onChange={(event) => {
          const next = Math.min(Math.max(Number(event.target.value) || 1, 1), rules + 1)
          panel.retarget(writing.chainRef, { kind: 'new', at: next > rules ? null : next })
        }}
      />
      / {rules + 1}
    </label>
  )
}
