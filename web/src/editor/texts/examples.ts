import { catalogue } from '@/i18n'

/** The examples that come with Vethboard, by the name of their document: `NAME` its title, `NAME about` what it is for. */
export const useExampleTexts = catalogue(
  {
    'two-namespaces': 'Two namespaces',
    'two-namespaces about': 'The first lesson: two network stacks and a cable between them.',
    'bridge-with-three': 'Bridge with three namespaces',
    'bridge-with-three about': 'Three namespaces on one bridge, which learns which address is behind which port.',
    'two-subnets-router': 'Two subnets and a router',
    'two-subnets-router about': 'A namespace that forwards between two subnets, and the routes through it.',
    'filter-deny-port': 'Filter: block a port',
    'filter-deny-port about': 'One rule in INPUT drops TCP port 23 silently; all other ports stay reachable.',
    'nat-masquerade': 'NAT: masquerade',
    'nat-masquerade about':
      'A private subnet reaches the outside through host, using its address; replies find their way back.',
    'nat-published-port': 'NAT: a published port',
    'nat-published-port about':
      'Port 8080 of host leads to port 80 of a container, with the chains that Docker creates.',
    'mangle-ttl-mark': 'Mangle: TTL and marks',
    'mangle-ttl-mark about': 'A router changes the TTL in transit and marks packets that a later table rejects.',
    'raw-notrack': 'Raw: no connection tracking',
    'raw-notrack about': 'One UDP port is excluded from connection tracking, another is not.',
    'container-host': 'Container host',
    'container-host about': 'What a container engine sets up: docker0, two containers, and a client outside.',
    'overlay-vxlan': 'VXLAN overlay',
    'overlay-vxlan about': 'One Ethernet segment across two machines, carried by the IP network between them.',
  },
  {
    'two-namespaces': '兩個命名空間',
    'two-namespaces about': '第一課：兩個網路堆疊，中間一條網路線。',
    'bridge-with-three': '連接三個命名空間的橋接器',
    'bridge-with-three about': '三個命名空間接在同一個橋接器上，由它學習哪個位址在哪個橋接埠之後。',
    'two-subnets-router': '兩個子網路與路由器',
    'two-subnets-router about': '在兩個子網路之間轉送的命名空間，以及經過它的路由。',
    'filter-deny-port': 'Filter：封鎖一個連接埠',
    'filter-deny-port about': 'INPUT 中的一條規則默默丟棄送往 TCP 連接埠 23 的封包，其他連接埠都能連上。',
    'nat-masquerade': 'NAT：位址偽裝（MASQUERADE）',
    'nat-masquerade about': '私有子網路經由 host、以它的位址對外連線，回應也能找到回來的路。',
    'nat-published-port': 'NAT：發布連接埠',
    'nat-published-port about': 'host 的連接埠 8080 通往容器的連接埠 80，鏈與 Docker 所建立的相同。',
    'mangle-ttl-mark': 'Mangle：TTL 與標記',
    'mangle-ttl-mark about': '路由器在途中改寫 TTL，並為封包加上標記，之後的表據此拒絕。',
    'raw-notrack': 'Raw：不做連線追蹤',
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
