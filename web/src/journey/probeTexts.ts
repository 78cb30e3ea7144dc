import { catalogue } from '@/i18n'
import type { ProbeKind, ProbeNumber, ProbeSwitch, TRACE_LIMITS } from '@/protocol'

type Numbers = Readonly<Record<ProbeNumber | keyof typeof TRACE_LIMITS, string>>

const KINDS: Readonly<Record<ProbeKind, string>> = {
  icmp: 'ICMP echo',
  udp: 'UDP datagram',
  tcp: 'TCP connect',
  arp: 'ARP request',
  dns: 'DNS query',
  http: 'HTTP request',
}
const NUMBERS: Numbers = {
  port: 'Port',
  source_port: 'Source port',
  size: 'Payload (bytes)',
  ttl: 'TTL',
  tos: 'TOS (DSCP × 4)',
  mark: 'Mark',
  count: 'Count',
  interval: 'Interval (s)',
  wait: 'Wait (s)',
}
const SWITCHES: Readonly<Record<ProbeSwitch, string>> = {
  dont_fragment: "Don't fragment",
  broadcast: 'Allow broadcast',
}

const KINDS_ZH: typeof KINDS = {
  icmp: 'ICMP 回音（echo）',
  udp: 'UDP 資料包',
  tcp: 'TCP 連線',
  arp: 'ARP 請求',
  dns: 'DNS 查詢',
  http: 'HTTP 請求',
}
const NUMBERS_ZH: Numbers = {
  port: '連接埠',
  source_port: '來源連接埠',
  size: '酬載（位元組）',
  ttl: 'TTL',
  tos: 'TOS（DSCP × 4）',
  mark: '標記',
  count: '次數',
  interval: '間隔（秒）',
  wait: '等待（秒）',
}
const SWITCHES_ZH: typeof SWITCHES = { dont_fragment: '禁止分片', broadcast: '允許廣播' }

/** What can be chosen of a probe. */
export const useProbeTexts = catalogue(
  {
    kind: (kind: ProbeKind) => KINDS[kind],
    number: (name: keyof Numbers) => NUMBERS[name],
    switch: (name: ProbeSwitch) => SWITCHES[name],
    domain: 'Name to look up',
    path: 'Path',
    through: 'Outgoing interface',
    byRouting: 'Chosen by routing',
    sourceAddress: 'Source address',
    automatic: 'automatic',
    range: (least: number, most: number) => `${least} to ${most}`,
  },
  {
    kind: (kind) => KINDS_ZH[kind],
    number: (name) => NUMBERS_ZH[name],
    switch: (name) => SWITCHES_ZH[name],
    domain: '要查詢的名稱',
    path: '路徑',
    through: '送出介面',
    byRouting: '由路由決定',
    sourceAddress: '來源位址',
    automatic: '自動',
    range: (least, most) => `${least} 至 ${most}`,
  },
)
