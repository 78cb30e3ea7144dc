import { useMemo } from 'react'
import { Select } from '@/ui'
import { setBase, setMatch, setPorts, setTarget } from '../model/change'
import { CTSTATES, PORTED, PROTOCOLS } from '../model/options'
import { type Parsed, parse, partOf, targetOf, textOf } from '../model/parts'
import type { RuleScope } from '../model/ruleScope'
import { Choice, Line, Typed } from './controls'
import styles from './Form.module.css'
import { Kept, Matches, TargetOptions } from './Matches'
import type { FormProps } from './props'
import { TcpFlags } from './TcpFlags'
import { useWriteTexts } from './texts'
import { useAddresses } from './useAddresses'

/** The rule as fields. Each field changes its own words of the text and no others; what it has no field for stays as text. */
export function Form({
  text,
  around,
  onChange,
}: {
  text: string
  around: RuleScope
  onChange: (text: string) => void
}) {
  const t = useWriteTexts()
  const parsed = useMemo(() => parse(text, around.grammar?.arity), [text, around.grammar])
  const form = { parsed, around, onChange }
  return (
    <div className={styles.form}>
      <fieldset className={styles.part}>
        <legend>{t.which}</legend>
        <div className={styles.grid}>
          <Protocol {...form} />
          <Address {...form} option="source" label={t.source} />
          <Address {...form} option="destination" label={t.destination} />
          <Interface {...form} option="in-interface" label={t.inInterface} />
          <Interface {...form} option="out-interface" label={t.outInterface} />
          <Ports {...form} which="sport" label={t.sport} />
          <Ports {...form} which="dport" label={t.dport} />
          <TcpFlags {...form} />
          <IcmpType {...form} />
          <Limit {...form} />
          <Plain {...form} match="mark" option="mark" label={t.mark} placeholder="0x1" />
          <States {...form} />
          <Plain {...form} match="comment" option="comment" label={t.comment} placeholder="" />
        </div>
        <Matches {...form} />
        <Kept {...form} />
      </fieldset>
      <fieldset className={styles.part}>
        <legend>{t.action}</legend>
        <Target {...form} />
        <TargetOptions {...form} />
      </fieldset>
    </div>
  )
}

const protocolOf = (parsed: Parsed): string => {
  const part = parsed.parts.find((p) => p.option === 'protocol')
  return part && !part.negated ? (part.values[0]?.text ?? '') : ''
}

function Protocol({ parsed, around, onChange }: FormProps) {
  const t = useWriteTexts()
  const part = partOf(parsed, 'protocol')
  const value = textOf(parsed, 'protocol') ?? ''
  const names = PROTOCOLS.filter((p) => p !== 'all' && (around.family === 'ipv6' ? p !== 'icmp' : p !== 'ipv6-icmp'))
  const put = (next: string, negated: boolean): void =>
    onChange(setBase(parsed.text, 'protocol', next === '' ? null : { values: [next], negated }))
  return (
    <Line
      label={t.protocol}
      negated={part?.negated ?? false}
      onNegate={value === '' ? undefined : (n) => put(value, n)}
    >
      {(ids) => (
        <Choice {...ids} value={value} options={names} onChange={(next) => put(next, part?.negated ?? false)} />
      )}
    </Line>
  )
}

function Address({
  parsed,
  around,
  onChange,
  option,
  label,
}: FormProps & { option: 'source' | 'destination'; label: string }) {
  const part = partOf(parsed, option)
  const value = textOf(parsed, option) ?? ''
  const known = useAddresses(around.family)
  const put = (next: string, negated: boolean): void => {
    const bare = next.replaceAll(/\s/g, '')
    onChange(setBase(parsed.text, option, bare === '' ? null : { values: [bare], negated }))
  }
  return (
    <Line label={label} negated={part?.negated ?? false} onNegate={value === '' ? undefined : (n) => put(value, n)}>
      {(ids) => <Typed {...ids} value={value} known={known} onChange={(next) => put(next, part?.negated ?? false)} />}
    </Line>
  )
}

function Interface({
  parsed,
  around,
  onChange,
  option,
  label,
}: FormProps & { option: 'in-interface' | 'out-interface'; label: string }) {
  const t = useWriteTexts()
  const part = partOf(parsed, option)
  const value = textOf(parsed, option) ?? ''
  const incoming = option === 'in-interface'
  const none = (incoming ? /^(OUTPUT|POSTROUTING)$/ : /^(INPUT|PREROUTING)$/).test(around.chain)
  const put = (next: string, negated: boolean): void =>
    onChange(setBase(parsed.text, option, next === '' ? null : { values: [next], negated }))
  return (
    <Line
      label={label}
      hint={none ? (incoming ? t.noInput : t.noOutput) : undefined}
      negated={part?.negated ?? false}
      onNegate={value === '' ? undefined : (n) => put(value, n)}
    >
      {(ids) => (
        <Choice
          {...ids}
          value={value}
          options={around.interfaces}
          disabled={none && value === ''}
          onChange={(next) => put(next, part?.negated ?? false)}
        />
      )}
    </Line>
  )
}

function Ports({ parsed, onChange, which, label }: FormProps & { which: 'sport' | 'dport'; label: string }) {
  const t = useWriteTexts()
  const part = partOf(parsed, which) ?? partOf(parsed, `${which}s`, 'multiport')
  const value = part?.values.map((w) => w.text).join(' ') ?? ''
  const carries = PORTED.includes(protocolOf(parsed))
  const put = (next: string, negated: boolean): void =>
    onChange(setPorts(parsed.text, which, next === '' ? null : { ports: next, negated }))
  return (
    <Line
      label={label}
      hint={carries ? undefined : t.portNeeds}
      negated={part?.negated ?? false}
      onNegate={value === '' ? undefined : (n) => put(value, n)}
    >
      {(ids) => (
        <Typed
          {...ids}
          value={value}
          disabled={!carries && value === ''}
          placeholder={carries ? t.portHint : ''}
          onChange={(next) => put(next, part?.negated ?? false)}
        />
      )}
    </Line>
  )
}

function States({ parsed, onChange }: FormProps) {
  const t = useWriteTexts()
  const part = partOf(parsed, 'ctstate')
  const chosen = (textOf(parsed, 'ctstate') ?? '').split(',').filter(Boolean)
  const put = (next: readonly string[], negated: boolean): void =>
    onChange(
      setMatch(parsed.text, 'conntrack', 'ctstate', next.length === 0 ? null : { values: [next.join(',')], negated }),
    )
  const toggle = (state: string): void =>
    put(chosen.includes(state) ? chosen.filter((s) => s !== state) : [...chosen, state], part?.negated ?? false)
  return (
    <Line
      wide
      group
      label={t.states}
      negated={part?.negated ?? false}
      onNegate={part ? (n) => put(chosen, n) : undefined}
    >
      {() => (
        <div className={styles.chips}>
          {CTSTATES.slice(0, 5).map((state) => (
            <button key={state} type="button" aria-pressed={chosen.includes(state)} onClick={() => toggle(state)}>
              {state}
            </button>
          ))}
        </div>
      )}
    </Line>
  )
}

const ICMP: Readonly<Record<'ipv4' | 'ipv6', readonly string[]>> = {
  ipv4: ['echo-request', 'echo-reply', 'destination-unreachable', 'time-exceeded', 'fragmentation-needed', 'redirect'],
  ipv6: [
    'echo-request',
    'echo-reply',
    'destination-unreachable',
    'packet-too-big',
    'time-exceeded',
    'neighbour-solicitation',
  ],
}

function IcmpType({ parsed, around, onChange }: FormProps) {
  const t = useWriteTexts()
  if (!/^(icmp|ipv6-icmp|icmpv6|1|58)$/.test(protocolOf(parsed))) return null
  const six = around.family === 'ipv6'
  const [home, option] = six ? ['icmp6', 'icmpv6-type'] : ['icmp', 'icmp-type']
  const part = parsed.parts.find((p) => p.option === option)
  const value = textOf(parsed, option) ?? ''
  const put = (next: string, negated: boolean): void =>
    onChange(
      setMatch(
        parsed.text,
        part?.home.kind === 'match' ? part.home.name : home,
        option,
        next === '' ? null : { values: [next], negated },
      ),
    )
  return (
    <Line label={t.icmpType} negated={part?.negated ?? false} onNegate={part ? (n) => put(value, n) : undefined}>
      {(ids) => (
        <Choice
          {...ids}
          value={value}
          options={ICMP[around.family]}
          onChange={(next) => put(next, part?.negated ?? false)}
        />
      )}
    </Line>
  )
}

function Limit({ parsed, onChange }: FormProps) {
  const t = useWriteTexts()
  const put = (option: 'limit' | 'limit-burst', next: string): void =>
    onChange(setMatch(parsed.text, 'limit', option, next === '' ? null : { values: [next] }))
  const value = textOf(parsed, 'limit', 'limit') ?? ''
  return (
    <>
      <Line label={t.limit}>
        {(ids) => <Typed {...ids} value={value} placeholder="5/minute" onChange={(next) => put('limit', next)} />}
      </Line>
      {value !== '' && (
        <Line label={t.burst}>
          {(ids) => (
            <Typed
              {...ids}
              value={textOf(parsed, 'limit-burst', 'limit') ?? ''}
              placeholder="5"
              onChange={(next) => put('limit-burst', next)}
            />
          )}
        </Line>
      )}
    </>
  )
}

/** A match with one value. */
function Plain({
  parsed,
  onChange,
  match,
  option,
  label,
  placeholder,
}: FormProps & { match: string; option: string; label: string; placeholder: string }) {
  const part = partOf(parsed, option, match)
  const value = part?.values[0]?.text ?? ''
  const put = (next: string, negated: boolean): void =>
    onChange(setMatch(parsed.text, match, option, next === '' ? null : { values: [next], negated }))
  const negates = option !== 'comment' && part !== undefined
  return (
    <Line
      wide={option === 'comment'}
      label={label}
      negated={part?.negated ?? false}
      onNegate={negates ? (n) => put(value, n) : undefined}
    >
      {(ids) => (
        <Typed
          {...ids}
          value={value}
          placeholder={placeholder}
          onChange={(next) => put(next, part?.negated ?? false)}
        />
      )}
    </Line>
  )
}

const VERDICTS: readonly string[] = ['ACCEPT', 'DROP', 'REJECT', 'RETURN']

function Target({ parsed, around, onChange }: FormProps) {
  const t = useWriteTexts()
  const now = targetOf(parsed)
  const value = now ? `${now.how} ${now.name}` : ''
  const verdicts = VERDICTS.filter((v) => v !== 'REJECT' || around.table === 'filter')
  const others = (around.grammar?.targetsFor(around.table, around.chain) ?? [])
    .map((x) => x.name)
    .filter((name) => !verdicts.includes(name) && name !== 'REJECT')
  const known = [...verdicts, ...others, ...around.chains]
  const put = (next: string): void => {
    const [how = '', ...name] = next.split(' ')
    onChange(
      setTarget(parsed.text, next === '' ? null : { how: how === 'goto' ? 'goto' : 'jump', name: name.join(' ') }),
    )
  }
  return (
    <Line label={t.target}>
      {(ids) => (
        <Select {...ids} compact className={styles.input} value={value} onChange={(e) => put(e.target.value)}>
          <option value="">{t.countOnly}</option>
          {now && !known.includes(now.name) && <option value={value}>{now.name}</option>}
          <Options label={t.verdicts} names={verdicts} how="jump" />
          <Options label={t.ownChains} names={around.chains} how="jump" />
          <Options label={t.targets} names={others} how="jump" />
          <Options label={t.gotoChains} names={around.chains} how="goto" />
        </Select>
      )}
    </Line>
  )
}

function Options({ label, names, how }: { label: string; names: readonly string[]; how: 'jump' | 'goto' }) {
  const t = useWriteTexts()
  if (names.length === 0) return null
  return (
    <optgroup label={label}>
      {names.map((name) => (
        <option key={name} value={`${how} ${name}`}>
          {how === 'goto' ? t.gotoName(name) : name}
        </option>
      ))}
    </optgroup>
  )
}
