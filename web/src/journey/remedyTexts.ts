import { catalogue } from '@/i18n'
import type { Remedy } from '@/protocol'

type Words = Record<Remedy['word'], string>

/** What a remedy does. */
const button = ({ at = '', what = '', chain = '' }: Remedy): Words => ({
  sysctl: `Set ${what} in ${at} and trace again`,
  route: `Add the route ${what} in ${at} and trace again`,
  'remove-route': 'Delete the route and trace again',
  up: `Set ${at} up and trace again`,
  address: `Give ${at} ${what} and trace again`,
  accept: `Accept it in ${chain} and trace again`,
  'remove-rule': 'Remove the rule and trace again',
  ttl: 'Trace with the usual TTL',
  smaller: `Trace with ${what} bytes of payload`,
  fragment: "Trace without Don't fragment",
  terminal: `Open a terminal in ${at}`,
})
const buttonZh: typeof button = ({ at = '', what = '', chain = '' }) => ({
  sysctl: `在 ${at} 設定 ${what} 並再追蹤一次`,
  route: `在 ${at} 加上路由 ${what} 並再追蹤一次`,
  'remove-route': '刪除該路由並再追蹤一次',
  up: `啟用 ${at} 並再追蹤一次`,
  address: `為 ${at} 設定 ${what} 並再追蹤一次`,
  accept: `在 ${chain} 接受此封包並再追蹤一次`,
  'remove-rule': '移除此規則並再追蹤一次',
  ttl: '以一般的 TTL 追蹤',
  smaller: `以 ${what} 位元組的酬載追蹤`,
  fragment: '允許分片並追蹤',
  terminal: `在 ${at} 開啟終端機`,
})

/** The same as the history says it. */
const done = ({ at = '', what = '', chain = '' }: Remedy): Partial<Words> => ({
  sysctl: `Set ${what} in ${at}`,
  route: `Added the route ${what} in ${at}`,
  'remove-route': `Deleted a route of ${at}`,
  up: `Set ${at} up`,
  address: `Gave ${at} the address ${what}`,
  accept: `Accepted ${what} in ${chain} of ${at}`,
  'remove-rule': `Removed ${what} from ${chain} of ${at}`,
})
const doneZh: typeof done = ({ at = '', what = '', chain = '' }) => ({
  sysctl: `已在 ${at} 設定 ${what}`,
  route: `已在 ${at} 加上路由 ${what}`,
  'remove-route': `已刪除 ${at} 的一條路由`,
  up: `已啟用 ${at}`,
  address: `已為 ${at} 設定位址 ${what}`,
  accept: `已在 ${at} 的 ${chain} 接受 ${what}`,
  'remove-rule': `已從 ${at} 的 ${chain} 移除 ${what}`,
})

/** What may help against a loss. */
export const useRemedyTexts = catalogue(
  {
    remedies: 'What may help',
    button: (remedy: Remedy) => button(remedy)[remedy.word],
    done: (remedy: Remedy) => done(remedy)[remedy.word] ?? '',
    hint: ({ what = '', chain = '' }: Remedy) => (chain ? what : ''),
    nothing: 'Nothing that is known of the lab stops this packet.',
    answered: 'One more packet, sent just now, was answered.',
    rule: (place: string, n: number) =>
      `Change or delete rule ${n} of ${place}, or accept the packet by a rule before it.`,
    policy: (place: string) => `Add a rule to ${place} that accepts the packet.`,
    route: (address: string, namespace: string) =>
      `Add a route to ${address} in ${namespace}, for instance a default route.`,
    refusingRoute: 'Delete that route.',
    refusingRule: 'Delete or change what refuses it.',
    foreign: 'Look at them in a terminal: nft list ruleset',
    neighbour: (address: string, dev: string) =>
      `An interface on the segment of ${dev} has to have the address ${address}, and be up.`,
    up: (dev: string, namespace: string) => `Set ${dev} up in ${namespace}.`,
    carrier: (dev: string) => `Set up what is at the other end of ${dev}.`,
    wire: (address: string, namespace: string) =>
      `Send it by another interface: change the route to ${address} in ${namespace}.`,
    forwarding: (key: string, namespace: string) => `Set ${key} to 1 in ${namespace}.`,
    reversePath: (address: string, dev: string, namespace: string) =>
      `Add a route to ${address} by ${dev}, or set rp_filter to 0 in ${namespace}.`,
    ttl: 'Send it with a larger TTL, or look for a routing loop.',
    mtu: (dev: string) => `Send less at once, or raise the MTU of ${dev}.`,
    port: 'Wait for STP, or find out why the bridge port does not forward.',
    vlan: (dev: string) => `Let ${dev} carry the VLAN of the frame.`,
    listen: (namespace: string) => `Start a program in ${namespace} that listens there.`,
    ignores: 'Set that sysctl to 0.',
    address: (dev: string) => `Give ${dev} an address.`,
  },
  {
    remedies: '可能的解法',
    button: (remedy) => buttonZh(remedy)[remedy.word],
    done: (remedy) => doneZh(remedy)[remedy.word] ?? '',
    hint: ({ what = '', chain = '' }) => (chain ? what : ''),
    nothing: '就實驗室目前所知，沒有任何事物阻擋此封包。',
    answered: '剛才再送出一個封包，已收到回應。',
    rule: (place, n) => `變更或刪除 ${place} 的規則 ${n}，或在它之前加上接受此封包的規則。`,
    policy: (place) => `在 ${place} 加上接受此封包的規則。`,
    route: (address, namespace) => `在 ${namespace} 加上往 ${address} 的路由，例如預設路由。`,
    refusingRoute: '刪除該路由。',
    refusingRule: '刪除或變更拒絕它的設定。',
    foreign: '在終端機中查看：nft list ruleset',
    neighbour: (address, dev) => `與 ${dev} 同一網段的介面須擁有位址 ${address}，並且已啟用。`,
    up: (dev, namespace) => `在 ${namespace} 啟用 ${dev}。`,
    carrier: (dev) => `啟用 ${dev} 另一端的介面。`,
    wire: (address, namespace) => `改由其他介面送出：在 ${namespace} 變更往 ${address} 的路由。`,
    forwarding: (key, namespace) => `在 ${namespace} 將 ${key} 設為 1。`,
    reversePath: (address, dev, namespace) =>
      `加上經由 ${dev} 往 ${address} 的路由，或在 ${namespace} 將 rp_filter 設為 0。`,
    ttl: '以較大的 TTL 送出，或檢查是否有路由迴圈。',
    mtu: (dev) => `一次少送一些資料，或調高 ${dev} 的 MTU。`,
    port: '等待 STP，或檢查此橋接埠為何不轉送。',
    vlan: (dev) => `讓 ${dev} 允許此訊框的 VLAN。`,
    listen: (namespace) => `在 ${namespace} 啟動在該處監聽的程式。`,
    ignores: '將該 sysctl 設為 0。',
    address: (dev) => `為 ${dev} 設定位址。`,
  },
)
