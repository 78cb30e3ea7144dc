/** A rule as a sentence: "drop TCP to port 80 coming from ns0". Options without a phrase are quoted literally. */

import type { SentenceTexts } from '../sentenceTexts'
import { type Parsed, type Part, parse, targetOf, textOf } from './parts'

/** Names that the lab gives to addresses and interfaces; undefined where it has none. */
export interface Names {
  /** An address or subnet as the rule writes it: `10.0.1.1/32`. */
  address(text: string): string | undefined
  /** The namespace at the other end of an interface of this namespace. */
  beyond(interfaceName: string): string | undefined
}

export const NO_NAMES: Names = { address: () => undefined, beyond: () => undefined }

/** A phrase, and the options it covers; the others are quoted. */
interface Phrase {
  text: string
  used: ReadonlySet<string>
}

/** `builtIn`: the rule is in a built-in chain, whose policy decides where it ends. */
export function sentence(
  text: string,
  t: SentenceTexts,
  names: Names = NO_NAMES,
  isChain: (name: string) => boolean = never,
  builtIn = false,
): string {
  const parsed = parse(text)
  const used = new Set<Part>()
  const noun = nounOf(parsed, t, used)
  const conditions = conditionsOf(parsed, t, names, used)
  const what = conditions.length > 0 ? t.those(noun, conditions) : noun === '' ? t.everything : t.all(noun)
  const { text: action, used: inAction } = actionOf(parsed, what, t, names, isChain, builtIn)
  const rest = parsed.parts.filter((p) => p.home.kind === 'target' && !inAction.has(p.option))
  const comment = textOf(parsed, 'comment')
  const tail = rest.map((p) => text.slice(p.start, p.end)).join(' ')
  return [action + (tail === '' ? '' : t.with(tail)), comment === undefined ? '' : t.comment(comment)].join('')
}

const never = (): boolean => false

function nounOf(parsed: Parsed, t: SentenceTexts, used: Set<Part>): string {
  const part = parsed.parts.find((p) => p.option === 'protocol')
  if (!part) return ''
  const name = part.values[0]?.text ?? ''
  used.add(part)
  if (part.negated) return t.notProtocol(protocolName(name))
  if (name === 'all' || name === '0') return ''
  const type = textOf(parsed, 'icmp-type') ?? textOf(parsed, 'icmpv6-type')
  const kind = parsed.parts.find((p) => /^icmp(v6)?-type$/.test(p.option))
  if (kind && !kind.negated && /^(8|128|echo-request)$/.test(type ?? '')) {
    used.add(kind)
    return t.pings
  }
  return protocolName(name)
}

const NUMBERS: Readonly<Record<string, string>> = {
  '1': 'ICMP',
  '6': 'TCP',
  '17': 'UDP',
  '58': 'ICMPv6',
  'ipv6-icmp': 'ICMPv6',
  icmpv6: 'ICMPv6',
}
const protocolName = (name: string): string => NUMBERS[name] ?? (/^\d+$/.test(name) ? `IP ${name}` : name.toUpperCase())

function conditionsOf(parsed: Parsed, t: SentenceTexts, names: Names, used: Set<Part>): string[] {
  const out: string[] = []
  for (const part of parsed.parts) {
    if (used.has(part) || part.home.kind === 'target' || SILENT.has(part.option)) continue
    if (part.option === 'match') {
      if (isBare(parsed, part)) out.push(t.matching(`-m ${part.values[0]?.text ?? ''}`))
      continue
    }
    out.push(condition(part, parsed, t, names))
  }
  return out
}

const SILENT: ReadonlySet<string> = new Set(['jump', 'goto', 'comment', 'ipv4', 'ipv6', 'set-counters', 'limit-burst'])

/** A match without options has a meaning by itself (`-m socket`). */
function isBare(parsed: Parsed, named: Part): boolean {
  const name = named.values[0]?.text ?? ''
  if (/^(tcp|udp|udplite|sctp|dccp|icmp|icmp6|comment|limit|multiport|conntrack|state|mark)$/.test(name)) return false
  return !parsed.parts.some((p) => p.home.kind === 'match' && p.home.name === name)
}

function condition(part: Part, parsed: Parsed, t: SentenceTexts, names: Names): string {
  const value = part.values.map((w) => w.text).join(' ')
  const say = (yes: string): string => (part.negated ? t.not(yes) : yes)
  switch (part.option) {
    case 'source':
      return say(t.from(addresses(value, names)))
    case 'destination':
      return say(t.to(addresses(value, names)))
    case 'in-interface':
      return say(t.comingIn(value, names.beyond(value) ?? ''))
    case 'out-interface':
      return say(t.goingOut(value, names.beyond(value) ?? ''))
    case 'dport':
    case 'dports':
      return say(t.toPort(ports(value), /[,:]/.test(value)))
    case 'sport':
    case 'sports':
      return say(t.fromPort(ports(value), /[,:]/.test(value)))
    case 'ctstate':
    case 'state':
      return say(t.states(value.split(',')))
    case 'syn':
      return part.negated ? t.notOpening : t.opening
    case 'tcp-flags':
      if (value === SYN_ALONE) return part.negated ? t.notOpening : t.opening
      return say(t.flags(part.values[0]?.text ?? '', part.values[1]?.text ?? ''))
    case 'limit':
      return t.limit(value, textOf(parsed, 'limit-burst') ?? '')
    case 'mark':
      if (part.home.kind === 'match' && part.home.name === 'connmark') return say(t.ofMarkedConnection(value))
      return part.home.kind === 'match' && part.home.name === 'mark' ? say(t.marked(value)) : quoted(part, parsed, t)
    case 'mac-source':
      return say(t.fromMac(value))
    case 'icmp-type':
    case 'icmpv6-type':
      return say(t.icmpType(value))
    case 'fragment':
      return part.negated ? t.notFragments : t.fragments
    default:
      return quoted(part, parsed, t)
  }
}

const quoted = (part: Part, parsed: Parsed, t: SentenceTexts): string =>
  t.matching(parsed.text.slice(part.start, part.end))

/** How `iptables-save` prints `--syn`. */
const SYN_ALONE = 'FIN,SYN,RST,ACK SYN'

const ports = (value: string): string => value.replaceAll(':', '–').replaceAll(',', ', ')

const addresses = (value: string, names: Names): string =>
  value
    .split(',')
    .map((one) => names.address(one) ?? one.replace(/\/(32|128)$/, ''))
    .join(', ')

const phrase = (text: string, ...used: string[]): Phrase => ({ text, used: new Set(used) })

function actionOf(
  parsed: Parsed,
  what: string,
  t: SentenceTexts,
  names: Names,
  isChain: (name: string) => boolean,
  builtIn: boolean,
): Phrase {
  const target = targetOf(parsed)
  const option = (name: string): string =>
    parsed.parts
      .find((p) => p.home.kind === 'target' && p.option === name)
      ?.values.map((w) => w.text)
      .join(' ') ?? ''
  const flag = (name: string): boolean => parsed.parts.some((p) => p.home.kind === 'target' && p.option === name)
  if (!target) return phrase(t.count(what))
  const other = (): string => t.other(what, target.name)
  if (target.how === 'goto') return phrase(t.goOn(what, target.name))
  if (isChain(target.name)) return phrase(t.check(what, target.name))
  switch (target.name) {
    case 'ACCEPT':
      return phrase(t.accept(what))
    case 'DROP':
      return phrase(t.drop(what))
    case 'REJECT':
      return phrase(t.reject(what, option('reject-with')), 'reject-with')
    case 'RETURN':
      return phrase(builtIn ? t.toPolicy(what) : t.back(what))
    case 'LOG':
      return phrase(t.log(what, option('log-prefix')), 'log-prefix', 'log-level')
    case 'NFLOG':
      return phrase(t.log(what, option('nflog-prefix')), 'nflog-prefix', 'nflog-group')
    case 'MASQUERADE':
      return phrase(t.masquerade(what, option('to-ports')), 'to-ports')
    case 'SNAT':
      return phrase(t.snat(what, endpoint(option('to-source'), names)), 'to-source')
    case 'DNAT':
      return phrase(t.dnat(what, endpoint(option('to-destination'), names)), 'to-destination')
    case 'REDIRECT':
      return phrase(t.redirect(what, option('to-ports')), 'to-ports')
    case 'MARK':
      return marked(
        option,
        (value, mask) => (mask === FULL ? t.mark(what, value) : t.markBits(what, value, mask)),
        other,
      )
    case 'CONNMARK':
      if (flag('save-mark')) return phrase(t.saveMark(what), 'save-mark', ...fullMasks(option))
      if (flag('restore-mark')) return phrase(t.restoreMark(what), 'restore-mark', ...fullMasks(option))
      return marked(
        option,
        (value, mask) => (mask === FULL ? t.connMark(what, value) : t.connMarkBits(what, value, mask)),
        other,
      )
    case 'TTL':
      return phrase(t.ttl(what, ...change(option, 'ttl')), 'ttl-set', 'ttl-dec', 'ttl-inc')
    case 'HL':
      return phrase(t.hopLimit(what, ...change(option, 'hl')), 'hl-set', 'hl-dec', 'hl-inc')
    case 'NOTRACK':
      return phrase(t.notrack(what))
    case 'CT':
      return flag('notrack') ? phrase(t.notrack(what), 'notrack') : phrase(t.other(what, 'CT'))
    case 'TRACE':
      return phrase(t.trace(what))
    case 'TCPMSS':
      return flag('clamp-mss-to-pmtu') ? phrase(t.clamp(what), 'clamp-mss-to-pmtu') : phrase(t.other(what, 'TCPMSS'))
    case 'TEE':
      return phrase(t.tee(what, option('gateway')), 'gateway')
    default:
      return phrase(t.other(what, target.name))
  }
}

const FULL = '0xffffffff'

/** `--set-xmark VALUE/MASK` clears the bits of the mask and flips those of the value. `--set-mark` with a mask, which is never printed, and the
 * other options are quoted. */
function marked(
  option: (name: string) => string,
  say: (value: string, mask: string) => string,
  other: () => string,
): Phrase {
  const [value = '', mask = FULL] = (option('set-xmark') || option('set-mark')).split('/')
  if (value === '' || (option('set-xmark') === '' && mask !== FULL)) return phrase(other())
  return phrase(say(value, mask), 'set-mark', 'set-xmark')
}

/** The masks of a mark that is copied as a whole: they need no words. */
const fullMasks = (option: (name: string) => string): string[] =>
  ['nfmask', 'ctmask'].filter((name) => option(name) === FULL)

function change(option: (name: string) => string, stem: string): [how: 'set' | 'dec' | 'inc', by: string] {
  for (const how of ['set', 'dec', 'inc'] as const) if (option(`${stem}-${how}`)) return [how, option(`${stem}-${how}`)]
  return ['set', '?']
}

/** `10.0.1.2:80`, with the lab's name of the address. */
function endpoint(value: string, names: Names): string {
  const found = /^([\d.]+)(:\S+)?$/.exec(value)
  const name = found?.[1] && names.address(found[1])
  return name ? `${name}${found?.[2] ?? ''}` : value
}
