import { X } from 'lucide-react'
import type { Extension, Option } from '@/protocol'
import { IconButton, Select } from '@/ui'
import { addMatch, dropMatch, setMatch, setTargetOption } from '../model/change'
import { optionName } from '../model/grammar'
import { matchesOf, type Part, targetOf } from '../model/parts'
import { Choice, Line, Typed } from './controls'
import styles from './Form.module.css'
import type { FormProps } from './props'
import { useWriteTexts } from './texts'

/** Matches that the form has fields of its own for, and which options those are. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  tcp: ['sport', 'dport', 'tcp-flags', 'syn'],
  udp: ['sport', 'dport'],
  udplite: ['sport', 'dport'],
  sctp: ['sport', 'dport'],
  dccp: ['sport', 'dport'],
  multiport: ['sports', 'dports'],
  conntrack: ['ctstate'],
  limit: ['limit', 'limit-burst'],
  comment: ['comment'],
  mark: ['mark'],
  icmp: ['icmp-type'],
  icmp6: ['icmpv6-type'],
}

/** Every other match that the rule names, with the options that its own help tells; and one more. */
export function Matches({ parsed, around, onChange }: FormProps) {
  const t = useWriteTexts()
  const { grammar } = around
  if (!grammar) return <p className={styles.dim}>{t.noVocabulary}</p>
  const named = [...new Set(matchesOf(parsed))].filter((name) => showsCard(name, parsed.parts))
  const fits = (one: Extension): boolean => (one.tables ?? []).length === 0 || (one.tables ?? []).includes(around.table)
  return (
    <>
      {named.map((name) => (
        <Card key={name} name={name} parsed={parsed} around={around} onChange={onChange} />
      ))}
      <Select
        compact
        className={styles.more}
        aria-label={t.addMatch}
        value=""
        onChange={(e) => onChange(addMatch(parsed.text, e.target.value))}
      >
        <option value="" disabled>
          {t.addMatch}
        </option>
        {grammar.allMatches
          .filter((one) => fits(one) && !named.includes(one.name))
          .map((one) => (
            <option key={one.name} value={one.name}>
              {one.summary ? `${one.name} — ${one.summary}` : one.name}
            </option>
          ))}
      </Select>
    </>
  )
}

/** A match whose fields say it all needs no card. */
function showsCard(name: string, parts: readonly Part[]): boolean {
  const fields = FIELDS[name]
  if (!fields) return true
  const own = parts.filter((p) => p.home.kind === 'match' && p.home.name === name)
  return own.length === 0
    ? !/^(tcp|udp|udplite|sctp|dccp|icmp|icmp6)$/.test(name)
    : own.some((p) => !fields.includes(p.option))
}

function Card({ name, parsed, around, onChange }: FormProps & { name: string }) {
  const t = useWriteTexts()
  const match = around.grammar?.match(name)
  const own = parsed.parts.filter((p) => p.home.kind === 'match' && p.home.name === name)
  const options = (match?.options ?? []).filter((o) => !FIELDS[name]?.includes(optionName(o)))
  return (
    // biome-ignore lint/a11y/useSemanticElements: inside of a fieldset a second one says too much
    <div role="group" aria-label={t.optionsOf(name)} className={styles.card}>
      <div className={styles.cardHead}>
        <strong className="mono">-m {name}</strong>
        <span className={styles.dim}>{match?.needs ? t.needs(match.needs) : match?.summary}</span>
        <IconButton label={t.removeMatch(name)} size="xs" onClick={() => onChange(dropMatch(parsed.text, name))}>
          <X size={13} />
        </IconButton>
      </div>
      <OptionFields
        options={options}
        parts={own}
        interfaces={around.interfaces}
        onSet={(option, wanted) => onChange(setMatch(parsed.text, name, option, wanted))}
      />
      <Manual extension={match} />
    </div>
  )
}

/** The options of the target that is chosen. */
export function TargetOptions({ parsed, around, onChange }: FormProps) {
  const target = targetOf(parsed)
  const known = target && around.grammar?.target(target.name)
  if (!target || around.chains.includes(target.name)) return null
  const own = parsed.parts.filter((p) => p.home.kind === 'target')
  return (
    <>
      {known?.summary && <p className={styles.dim}>{known.summary}</p>}
      <OptionFields
        options={known?.options ?? []}
        parts={own}
        interfaces={around.interfaces}
        onSet={(option, wanted) => onChange(setTargetOption(parsed.text, option, wanted))}
      />
      <Manual extension={known ?? undefined} />
    </>
  )
}

type Wanted = { values: readonly string[]; negated: boolean } | null

function OptionFields({
  options,
  parts,
  interfaces,
  onSet,
}: {
  options: readonly Option[]
  parts: readonly Part[]
  interfaces: readonly string[]
  onSet: (option: string, wanted: Wanted) => void
}) {
  return (
    <div className={styles.grid}>
      {options.map((option) => (
        <OptionField
          key={optionName(option)}
          option={option}
          part={parts.find((p) => p.option === optionName(option) || option.names.includes(p.sign.text))}
          interfaces={interfaces}
          onSet={(wanted) => onSet(optionName(option), wanted)}
        />
      ))}
    </div>
  )
}

function OptionField({
  option,
  part,
  interfaces,
  onSet,
}: {
  option: Option
  part: Part | undefined
  interfaces: readonly string[]
  onSet: (wanted: Wanted) => void
}) {
  const t = useWriteTexts()
  const name = optionName(option)
  const value = part?.values.map((w) => w.text).join(' ') ?? ''
  const negated = part?.negated ?? false
  const words = (text: string): string[] => ((option.arity ?? 0) > 1 ? text.split(' ') : [text])
  const put = (next: string): void => onSet(next === '' ? null : { values: words(next), negated })
  const negate =
    option.negate && part ? (n: boolean) => onSet({ values: part.values.map((w) => w.text), negated: n }) : undefined
  const choices = option.value === 'interface' ? interfaces : (option.choices ?? [])
  return (
    <Line label={`--${name}`} hint={option.help} negated={negated} onNegate={negate}>
      {(ids) =>
        (option.value ?? 'none') === 'none' ? (
          <label className={styles.check}>
            <input
              {...ids}
              type="checkbox"
              checked={part !== undefined}
              onChange={(e) => onSet(e.target.checked ? { values: [], negated: false } : null)}
            />
            {t.set}
          </label>
        ) : choices.length > 0 ? (
          <Choice {...ids} value={value} options={choices} onChange={put} />
        ) : (
          <Typed {...ids} value={value} placeholder={option.argument ?? ''} onChange={put} />
        )
      }
    </Line>
  )
}

function Manual({ extension }: { extension: Extension | undefined }) {
  const t = useWriteTexts()
  if (!extension?.help) return null
  return (
    <details className={styles.manual}>
      <summary>{t.manual(extension.name)}</summary>
      <pre>{extension.help}</pre>
    </details>
  )
}

/** Words that no field shows. They stay in the text as they are. */
export function Kept({ parsed, around }: FormProps) {
  const t = useWriteTexts()
  const { grammar } = around
  if (!grammar) return null
  const unknown = parsed.parts.filter(
    (p) => p.home.kind !== 'rule' && !fieldOf(p) && grammar.option(p.home, p.option) === undefined,
  )
  const words = [...unknown, ...parsed.stray].map((p) => parsed.text.slice(p.start, p.end))
  if (words.length === 0) return null
  return (
    <p className={styles.kept}>
      {t.keptAsText}
      {words.map((word) => (
        <code key={word}>{word}</code>
      ))}
    </p>
  )
}

const fieldOf = (p: Part): boolean => p.home.kind === 'match' && (FIELDS[p.home.name]?.includes(p.option) ?? false)
