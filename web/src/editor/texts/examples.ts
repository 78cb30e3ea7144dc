import { catalogue } from '@/i18n'

/** The examples that come with Vethboard, by the name of their document: `NAME` its title, `NAME about` what it is for. */
export const useExampleTexts = catalogue(
  {
    'two-namespaces': 'Two namespaces',
    'two-namespaces about': 'The first lesson: two network stacks and a cable between them.',
    'bridge-with-three': 'Bridge with three',
    'bridge-with-three about': 'Three namespaces on one bridge, which learns who is behind which port.',
    'two-subnets-router': 'Two subnets and a router',
    'two-subnets-router about': 'A namespace that forwards between two networks, and the routes to it.',
    'filter-deny-port': 'Filter: deny one port',
    'filter-deny-port about': 'One rule in INPUT: TCP port 23 is dropped without a word, every other port is reached.',
    'nat-masquerade': 'NAT: masquerade',
    'nat-masquerade about': 'A private subnet goes out through host under its address; the answers find back.',
    'nat-published-port': 'NAT: a published port',
    'nat-published-port about': 'Port 8080 of host leads to port 80 of a container, with the chains that Docker makes.',
    'mangle-ttl-mark': 'Mangle: TTL and marks',
    'mangle-ttl-mark about': 'A router changes the TTL on the way, and marks packets that a later table rejects.',
    'raw-notrack': 'Raw: no tracking',
    'raw-notrack about': 'One UDP port is kept out of connection tracking; another one is not.',
    'container-host': 'Container host',
    'container-host about': 'What a container engine builds: docker0, two containers and a client outside.',
    'overlay-vxlan': 'VXLAN overlay',
    'overlay-vxlan about': 'One Ethernet segment over two machines with an IP network between them.',
  },
  {
    'two-namespaces': '兩個命名空間',
    'two-namespaces about': '第一課：兩個網路堆疊，中間一條網路線。',
    'bridge-with-three': '連接三者的橋接器',
    'bridge-with-three about': '三個命名空間接在同一座橋接器上，由它學習誰在哪個連接埠之後。',
    'two-subnets-router': '兩個子網路與路由器',
    'two-subnets-router about': '在兩個網路之間轉送的命名空間，以及通往它的路由。',
    'filter-deny-port': 'Filter：封鎖一個連接埠',
    'filter-deny-port about': 'INPUT 中的一條規則：送往 TCP 23 埠的封包被默默丟棄，其他連接埠都能連上。',
    'nat-masquerade': 'NAT：位址偽裝（MASQUERADE）',
    'nat-masquerade about': '私有子網路經由 host、以它的位址對外連線，回應也能找到回來的路。',
    'nat-published-port': 'NAT：發布連接埠',
    'nat-published-port about': 'host 的 8080 埠通往容器的 80 埠，規則鏈與 Docker 所建立的相同。',
    'mangle-ttl-mark': 'Mangle：TTL 與標記',
    'mangle-ttl-mark about': '路由器在途中改寫 TTL，並為封包加上標記，之後的表格據此拒絕。',
    'raw-notrack': 'Raw：不追蹤連線',
    'raw-notrack about': '一個 UDP 連接埠不列入連線追蹤，另一個則照常追蹤。',
    'container-host': '容器主機',
    'container-host about': '容器引擎所建立的：docker0、兩個容器與一個外部用戶端。',
    'overlay-vxlan': 'VXLAN 疊加網路',
    'overlay-vxlan about': '跨越兩台機器、以 IP 網路承載的同一個乙太網路區段。',
  },
)

/** Title and description of an example; its own words where the catalogue has none. */
export function exampleWords(
  t: Readonly<Record<string, unknown>>,
  { name, description }: { name: string; description: string },
): { title: string; about: string } {
  const say = (key: string): string | undefined => (typeof t[key] === 'string' ? t[key] : undefined)
  return { title: say(name) ?? name, about: say(`${name} about`) ?? description }
}
