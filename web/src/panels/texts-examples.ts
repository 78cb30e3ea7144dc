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
    'container-host': '容器主機',
    'container-host about': '容器引擎所建立的：docker0、兩個容器與一個外部用戶端。',
    'overlay-vxlan': 'VXLAN 疊加網路',
    'overlay-vxlan about': '跨越兩台機器、以 IP 網路承載的同一個乙太網路區段。',
  },
)

/** Title and description of an example; its own words where the catalogue has none. */
export function wordsOf(
  t: Readonly<Record<string, unknown>>,
  { name, description }: { name: string; description: string },
): { title: string; about: string } {
  const say = (key: string): string | undefined => (typeof t[key] === 'string' ? t[key] : undefined)
  return { title: say(name) ?? name, about: say(`${name} about`) ?? description }
}
