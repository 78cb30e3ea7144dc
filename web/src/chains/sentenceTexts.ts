import { catalogue } from '@/i18n'

const STATES_EN: Readonly<Record<string, string>> = {
  NEW: 'new connections',
  ESTABLISHED: 'established connections',
  RELATED: 'related connections',
  INVALID: 'no valid connection',
  UNTRACKED: 'untracked connections',
  SNAT: 'connections with a translated source',
  DNAT: 'connections with a translated destination',
}
const STATES_ZH: Readonly<Record<string, string>> = {
  NEW: '新連線',
  ESTABLISHED: '已建立的連線',
  RELATED: '與已建立連線相關',
  INVALID: '無效連線',
  UNTRACKED: '未追蹤的連線',
  SNAT: '來源已轉換的連線',
  DNAT: '目的已轉換的連線',
}
const PER_EN: Readonly<Record<string, string>> = { s: 'second', m: 'minute', h: 'hour', d: 'day' }
const PER_ZH: Readonly<Record<string, string>> = { s: '秒', m: '分鐘', h: '小時', d: '天' }

const rate = (value: string): [amount: string, per: string] => {
  const [amount = '', unit = 's'] = value.split('/')
  return [amount, unit[0]?.toLowerCase() ?? 's']
}
const or = (all: readonly string[], word: string): string =>
  all.length < 2 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} ${word} ${all.at(-1)}`

/** The pair of states that lets answers come back. */
const isKnown = (states: readonly string[]): boolean =>
  states.length === 2 && states.includes('ESTABLISHED') && states.includes('RELATED')

/** In Chinese there is a space only between a Latin word and what follows it. */
const listed = (conditions: readonly string[]): string =>
  conditions.map((c, i) => (i < conditions.length - 1 ? c.trimEnd() : c)).join('、')

/** A rule in words. `what` is what it is about, as `those` or `all` put it. */
export const useSentenceTexts = catalogue(
  {
    everything: 'everything',
    all: (noun: string) => `all ${noun}`,
    those: (noun: string, conditions: readonly string[]) => [noun || 'packets', ...conditions].join(' '),
    pings: 'pings',
    notProtocol: (name: string) => `traffic other than ${name}`,
    not: (condition: string) => `not ${condition}`,
    from: (who: string) => `from ${who}`,
    to: (who: string) => `to ${who}`,
    comingIn: (name: string, beyond: string) => (beyond ? `coming from ${beyond} (${name})` : `received on ${name}`),
    goingOut: (name: string, beyond: string) => (beyond ? `leaving to ${beyond} (${name})` : `sent on ${name}`),
    toPort: (port: string, many: boolean) => `to ${many ? 'ports' : 'port'} ${port}`,
    fromPort: (port: string, many: boolean) => `from ${many ? 'ports' : 'port'} ${port}`,
    states: (states: readonly string[]) =>
      isKnown(states)
        ? 'of established or related connections'
        : `of ${or(
            states.map((s) => STATES_EN[s] ?? s),
            'or',
          )}`,
    opening: 'that open a connection (SYN)',
    notOpening: 'that do not open a connection',
    flags: (mask: string, set: string) => `with only ${set} set among the flags ${mask}`,
    limit: (value: string, burst: string) => {
      const [amount, per] = rate(value)
      return `at most ${amount} per ${PER_EN[per] ?? per}${burst ? ` (burst ${burst})` : ''}`
    },
    marked: (value: string) => `marked ${value}`,
    ofMarkedConnection: (value: string) => `of connections marked ${value}`,
    fromMac: (mac: string) => `from MAC ${mac}`,
    icmpType: (type: string) => `of type ${type}`,
    fragments: 'that are second or later fragments',
    notFragments: 'that are whole or first fragments',
    matching: (text: string) => `with ${text}`,
    with: (text: string) => ` (${text})`,
    comment: (text: string) => ` — “${text}”`,
    count: (what: string) => `count ${what} and continue`,
    accept: (what: string) => `accept ${what}`,
    drop: (what: string) => `drop ${what}`,
    reject: (what: string, answer: string) => `reject ${what}${answer ? `, answering ${answer}` : ''}`,
    back: (what: string) => `return ${what} to the calling chain`,
    toPolicy: (what: string) => `leave ${what} to the policy of this chain`,
    log: (what: string, prefix: string) => `log ${what}${prefix ? ` as “${prefix.trim()}”` : ''}`,
    masquerade: (what: string, ports: string) =>
      `change the source of ${what} to the address of the outgoing interface${ports ? `, ports ${ports}` : ''}`,
    snat: (what: string, to: string) => `change the source of ${what} to ${to}`,
    dnat: (what: string, to: string) => `change the destination of ${what} to ${to}`,
    redirect: (what: string, port: string) => `redirect ${what} to this host${port ? `, port ${port}` : ''}`,
    mark: (what: string, value: string) => `mark ${what} with ${value}`,
    markBits: (what: string, value: string, mask: string) =>
      `in the mark of ${what}, clear the bits ${mask}, then flip the bits ${value}`,
    connMark: (what: string, value: string) => `mark the connection of ${what} with ${value}`,
    connMarkBits: (what: string, value: string, mask: string) =>
      `in the mark of the connection of ${what}, clear the bits ${mask}, then flip the bits ${value}`,
    saveMark: (what: string) => `save the mark of ${what} to their connection`,
    restoreMark: (what: string) => `restore the mark of ${what} from their connection`,
    ttl: (what: string, how: 'set' | 'dec' | 'inc', by: string) =>
      ({
        set: `set the TTL of ${what} to ${by}`,
        dec: `lower the TTL of ${what} by ${by}`,
        inc: `raise the TTL of ${what} by ${by}`,
      })[how],
    hopLimit: (what: string, how: 'set' | 'dec' | 'inc', by: string) =>
      ({
        set: `set the hop limit of ${what} to ${by}`,
        dec: `lower the hop limit of ${what} by ${by}`,
        inc: `raise the hop limit of ${what} by ${by}`,
      })[how],
    notrack: (what: string) => `leave ${what} untracked`,
    trace: (what: string) => `trace ${what}`,
    clamp: (what: string) => `clamp the MSS of ${what} to the path MTU`,
    tee: (what: string, to: string) => `copy ${what} to ${to}`,
    check: (what: string, chain: string) => `check ${what} in ${chain}`,
    goOn: (what: string, chain: string) => `continue with ${what} in ${chain} without returning`,
    other: (what: string, target: string) => `pass ${what} to ${target}`,
  },
  {
    everything: '所有封包',
    all: (noun) => `所有${noun.startsWith('非') ? '' : ' '}${noun} 封包`,
    those: (noun, conditions) => `${listed(conditions)}的${noun ? ` ${noun} ` : ''}封包`,
    pings: 'ping',
    notProtocol: (name) => `非 ${name}`,
    not: (condition) => `非${condition}`,
    from: (who) => `來自 ${who} `,
    to: (who) => `送往 ${who} `,
    comingIn: (name, beyond) => (beyond ? `由 ${beyond} 進來（${name}）` : `由 ${name} 進來`),
    goingOut: (name, beyond) => (beyond ? `送出到 ${beyond}（${name}）` : `由 ${name} 送出`),
    toPort: (port) => `目的連接埠為 ${port} `,
    fromPort: (port) => `來源連接埠為 ${port} `,
    states: (states) =>
      isKnown(states)
        ? '屬於已建立的連線或與其相關'
        : `屬於${or(
            states.map((s) => STATES_ZH[s] ?? s),
            '或',
          )
            .replaceAll(', ', '、')
            .replaceAll(' 或 ', '或')}`,
    opening: '開啟連線（SYN）',
    notOpening: '不開啟連線',
    flags: (mask, set) => `旗標 ${mask} 中僅設定 ${set} `,
    limit: (value, burst) => {
      const [amount, per] = rate(value)
      return `每${PER_ZH[per] ?? per}至多 ${amount} 個${burst ? `（突發量 ${burst} 個）` : ''}`
    },
    marked: (value) => `標記為 ${value} `,
    ofMarkedConnection: (value) => `屬於標記為 ${value} 的連線`,
    fromMac: (mac) => `來自 MAC ${mac} `,
    icmpType: (type) => `類型為 ${type} `,
    fragments: '為後續分片',
    notFragments: '非後續分片',
    matching: (text) => `符合 ${text} `,
    with: (text) => `（${text}）`,
    comment: (text) => `——「${text}」`,
    count: (what) => `計數${what}，然後繼續`,
    accept: (what) => `接受${what}`,
    drop: (what) => `丟棄${what}`,
    reject: (what, answer) => `拒絕${what}${answer ? `，並回應 ${answer}` : ''}`,
    back: (what) => `讓${what}返回呼叫它的鏈`,
    toPolicy: (what) => `${what}改由此鏈的政策決定`,
    log: (what, prefix) => `記錄${what}${prefix ? `，標為「${prefix.trim()}」` : ''}`,
    masquerade: (what, ports) => `將${what}的來源改為送出介面的位址${ports ? `，連接埠 ${ports}` : ''}`,
    snat: (what, to) => `將${what}的來源改為 ${to}`,
    dnat: (what, to) => `將${what}的目的改為 ${to}`,
    redirect: (what, port) => `將${what}轉向本機${port ? `的連接埠 ${port}` : ''}`,
    mark: (what, value) => `將${what}標記為 ${value}`,
    markBits: (what, value, mask) => `將${what}的標記先清除位元 ${mask}，再反轉位元 ${value}`,
    connMark: (what, value) => `將${what}所屬的連線標記為 ${value}`,
    connMarkBits: (what, value, mask) => `將${what}所屬連線的標記先清除位元 ${mask}，再反轉位元 ${value}`,
    saveMark: (what) => `把${what}的標記存到其連線`,
    restoreMark: (what) => `以連線的標記還原${what}的標記`,
    ttl: (what, how, by) =>
      ({ set: `將${what}的 TTL 設為 ${by}`, dec: `將${what}的 TTL 減 ${by}`, inc: `將${what}的 TTL 加 ${by}` })[how],
    hopLimit: (what, how, by) =>
      ({
        set: `將${what}的躍點上限設為 ${by}`,
        dec: `將${what}的躍點上限減 ${by}`,
        inc: `將${what}的躍點上限加 ${by}`,
      })[how],
    notrack: (what) => `讓${what}不受連線追蹤`,
    trace: (what) => `追蹤（TRACE）${what}`,
    clamp: (what) => `依路徑 MTU 限制${what}的 MSS`,
    tee: (what, to) => `複製${what}到 ${to}`,
    check: (what, chain) => `以鏈 ${chain} 檢查${what}`,
    goOn: (what, chain) => `讓${what}轉入鏈 ${chain}，不再返回`,
    other: (what, target) => `將${what}交給 ${target}`,
  },
)

export type SentenceTexts = ReturnType<typeof useSentenceTexts.now>
