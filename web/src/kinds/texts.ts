import { catalogue } from '@/i18n'
import type { Kind, KindField, KindFieldKey, KindUnit } from '@/protocol'

type Key = Kind | `${Kind}.about` | KindFieldKey

const EN: Readonly<Record<Key, string>> = {
  bridge: 'Bridge',
  'bridge.about': 'A switch inside a namespace that learns MAC addresses (ip link add type bridge)',
  'bridge.stp': 'STP',
  'bridge.priority': 'Priority',
  'bridge.forward_delay': 'Forward delay',
  'bridge.hello_time': 'Hello time',
  'bridge.max_age': 'Max age',
  'bridge.ageing_time': 'Ageing time',
  'bridge.vlan_filtering': 'VLAN filtering',
  'bridge.vlan_default_pvid': 'Default PVID',
  'bridge.mcast_snooping': 'Multicast snooping',
  dummy: 'dummy',
  'dummy.about': 'An interface without a cable: its addresses answer, and what is sent through it is dropped',
  ifb: 'ifb',
  'ifb.about': 'A queue that tc redirects packets to, so that incoming traffic can be shaped',
  loopback: 'Loopback',
  'loopback.about': 'The interface by which a namespace reaches itself',
  macvlan: 'macvlan',
  'macvlan.about': 'An interface with its own MAC address on top of another interface',
  'macvlan.parent': 'Parent interface',
  'macvlan.mode': 'Mode',
  veth: 'veth',
  'veth.about': 'One end of a link: what enters it comes out of the other end',
  'veth.peer': 'Peer',
  vlan: 'VLAN',
  'vlan.about': 'One VLAN of another interface: frames get its tag on the way out (802.1Q)',
  'vlan.parent': 'Parent interface',
  'vlan.protocol': 'Tag protocol',
  'vlan.vid': 'VLAN ID',
  'vlan.reorder_hdr': 'Hide the tag (reorder_hdr)',
  'vlan.gvrp': 'GVRP',
  'vlan.mvrp': 'MVRP',
  'vlan.loose_binding': 'Ignore whether the parent is up (loose_binding)',
  vxlan: 'VXLAN',
  'vxlan.about': 'An Ethernet segment over an IP network: frames in UDP (RFC 7348)',
  'vxlan.vni': 'VNI',
  'vxlan.dstport': 'UDP port (dstport)',
  'vxlan.local': 'Local address',
  'vxlan.remote': 'Remote address',
  'vxlan.parent': 'Parent interface',
  'vxlan.underlay': 'Underlay namespace',
  'vxlan.ttl': 'TTL',
  'vxlan.learning': 'Learn addresses (learning)',
}

/** The name of each kind (`vlan`), what it is (`vlan.about`), and the label of each of its fields (`vlan.vid`). */
export const useKindTexts = catalogue(EN, {
  bridge: '橋接器',
  'bridge.about': '命名空間內會學習 MAC 位址的交換器（ip link add type bridge）',
  'bridge.stp': 'STP',
  'bridge.priority': '優先權',
  'bridge.forward_delay': '轉送延遲',
  'bridge.hello_time': 'Hello 間隔',
  'bridge.max_age': '最大存活',
  'bridge.ageing_time': '老化時間',
  'bridge.vlan_filtering': 'VLAN 過濾',
  'bridge.vlan_default_pvid': '預設 PVID',
  'bridge.mcast_snooping': '多播監聽',
  dummy: 'dummy',
  'dummy.about': '沒有接線的介面：其位址會回應，經由它送出的一律丟棄',
  ifb: 'ifb',
  'ifb.about': '供 tc 將封包轉入的佇列，讓傳入的流量也能整形',
  loopback: '回送介面',
  'loopback.about': '命名空間連回自身的介面',
  macvlan: 'macvlan',
  'macvlan.about': '架在另一個介面之上、擁有自己 MAC 位址的介面',
  'macvlan.parent': '底層介面',
  'macvlan.mode': '模式',
  veth: 'veth',
  'veth.about': '線路的一端：從這端進入的，會從另一端出來',
  'veth.peer': '對端',
  vlan: 'VLAN',
  'vlan.about': '另一個介面上的單一 VLAN：訊框送出時加上其標籤（802.1Q）',
  'vlan.parent': '底層介面',
  'vlan.protocol': '標籤協定',
  'vlan.vid': 'VLAN ID',
  'vlan.reorder_hdr': '隱藏標籤（reorder_hdr）',
  'vlan.gvrp': 'GVRP',
  'vlan.mvrp': 'MVRP',
  'vlan.loose_binding': '不隨底層介面啟用或停用（loose_binding）',
  vxlan: 'VXLAN',
  'vxlan.about': '架在 IP 網路上的乙太網路區段：以 UDP 承載訊框（RFC 7348）',
  'vxlan.vni': 'VNI',
  'vxlan.dstport': 'UDP 連接埠（dstport）',
  'vxlan.local': '本機位址',
  'vxlan.remote': '遠端位址',
  'vxlan.parent': '底層介面',
  'vxlan.underlay': '承載網路的命名空間',
  'vxlan.ttl': 'TTL',
  'vxlan.learning': '學習位址（learning）',
})

const HELP = {
  'bridge.priority': 'The bridge with the lowest becomes the STP root',
  'bridge.ageing_time': 'How long a learned address stays in the FDB',
  'bridge.vlan_default_pvid': '0: new ports belong to no VLAN',
  'macvlan.mode': 'Whether macvlans on one parent reach each other; passthru: one takes the parent over',
  'vlan.protocol': '802.1ad: the outer tag of two (QinQ)',
  'vxlan.remote': 'The other end of the tunnel, or a multicast group',
  'vxlan.underlay': 'Where the UDP packets are sent, if not in the namespace of the interface',
  'vxlan.ttl': '0: the default of the namespace (1 for a multicast group)',
} as const satisfies Partial<Record<KindFieldKey, string>>

/** What a field means, where its label does not say it. */
export const useKindHelp = catalogue(HELP, {
  'bridge.priority': '數值最小的橋接器成為 STP 根橋接器',
  'bridge.ageing_time': '學得的位址在 FDB 中保留多久',
  'bridge.vlan_default_pvid': '0：新的橋接埠不屬於任何 VLAN',
  'macvlan.mode': '同一底層介面上的 macvlan 能否互通；passthru：由一個獨占底層介面',
  'vlan.protocol': '802.1ad：雙層標籤的外層（QinQ）',
  'vxlan.remote': '通道的另一端，或多播群組',
  'vxlan.underlay': '送出 UDP 封包的命名空間（若不是介面所在的命名空間）',
  'vxlan.ttl': '0：使用命名空間的預設值（多播群組為 1）',
})

const UNITS: Readonly<Record<KindUnit, string>> = { s: 's' }
/** The units of numbers. */
export const useUnitTexts = catalogue(UNITS, { s: '秒' })

/** Sentences about any kind and any field. */
export const useFormTexts = catalogue(
  {
    add: (name: string) => `Add ${inSentence(name)}…`,
    title: (name: string) => `New ${inSentence(name)}`,
    settings: (name: string) => `${name} settings`,
    unit: (label: string, unit: string) => `${label} (${unit})`,
    range: (low: number, high: number) => `${low} to ${high}`,
    none: '(none)',
    more: 'More settings',
  },
  {
    add: (name) => `新增${spaced(name)}…`,
    title: (name) => `新增${spaced(name)}`,
    settings: (name) => `${name}${/\w$/.test(name) ? ' ' : ''}設定`,
    unit: (label, unit) => `${label}（${unit}）`,
    range: (low, high) => `${low} 到 ${high}`,
    none: '（無）',
    more: '更多設定',
  },
)

/** `Bridge` within a sentence is `bridge`; `VXLAN` stays. */
const inSentence = (name: string): string => (/^[A-Z][a-z]/.test(name) ? name[0]?.toLowerCase() + name.slice(1) : name)
/** A space before Latin letters, as between them and Chinese. */
const spaced = (name: string): string => (/^\w/.test(name) ? ` ${name}` : name)

export interface FieldTexts {
  label: string
  /** What it means and its range; undefined where the label says all. */
  hint: string | undefined
}

/** What a kind and its fields are called, in the language of now. */
export function fieldTexts(kind: Kind, field: KindField): FieldTexts {
  const [names, form, units] = [useKindTexts.now(), useFormTexts.now(), useUnitTexts.now()]
  const help: Partial<Record<KindFieldKey, string>> = useKindHelp.now()
  const key = `${kind}.${field.name}` as KindFieldKey
  const label = field.unit === undefined ? names[key] : form.unit(names[key], units[field.unit])
  const range = field.min === undefined || field.max === undefined ? undefined : form.range(field.min, field.max)
  return { label, hint: [help[key], range].filter(Boolean).join(' · ') || undefined }
}

/** As `fieldTexts`, in a component: renders again when the language changes. */
export function useFieldTexts(kind: Kind): (field: KindField) => FieldTexts {
  useFormTexts()
  return (field) => fieldTexts(kind, field)
}
