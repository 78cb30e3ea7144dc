import { catalogue } from '@/i18n'
import type { Recipe } from './model/recipes'

type Id = Recipe['id']

/** What the tables are for, in words. */
export const useRecipeTexts = catalogue(
  {
    button: 'Examples…',
    title: 'What rules can do',
    labs: 'See them at work: each creates a lab, with one click',
    making: 'Creating…',
    about: (namespace: string) =>
      `Each opens in the rule editor of ${namespace}, where you can change it before adding it.`,
    name: (id: Id) =>
      ({
        deny: 'Block a port',
        established: 'Allow replies',
        masquerade: 'Hide a private subnet (MASQUERADE)',
        dnat: 'Publish a port (DNAT)',
        ttl: 'Set the TTL',
        mark: 'Mark packets',
        notrack: 'Skip connection tracking (NOTRACK)',
      })[id],
    why: (id: Id) =>
      ({
        deny: 'The filter table decides what may pass. Packets to TCP port 80 of this host are dropped silently, and the sender times out.',
        established:
          'With the policy DROP, replies to this host’s own requests would be dropped too. Connection tracking recognises them.',
        masquerade:
          'The nat table changes addresses. Outgoing packets get the address of the interface they leave through, so that replies find their way back: this is how a private subnet reaches the Internet.',
        dnat: 'The destination is changed before routing: port 8080 of this host leads to port 80 of another. This is how Docker publishes ports.',
        ttl: 'The mangle table changes other fields. When every packet leaves with a TTL of 64, nobody outside can count the hops behind this host.',
        mark: 'A mark is a number that only this host sees. Policy routing, traffic shaping and other rules can use it.',
        notrack:
          'The raw table comes before connection tracking. Untracked packets cost less and have no entry in the connection tracking table; nat does not apply to them.',
      })[id],
  },
  {
    button: '範例…',
    title: '規則能做什麼',
    labs: '實際運作：各自一鍵建立實驗室',
    making: '建立中…',
    about: (namespace) => `每一項都會在 ${namespace} 的規則編輯器中開啟，可先修改再新增。`,
    name: (id) =>
      ({
        deny: '封鎖連接埠',
        established: '允許回應',
        masquerade: '隱藏私有子網路（MASQUERADE）',
        dnat: '發布連接埠（DNAT）',
        ttl: '設定 TTL',
        mark: '標記封包',
        notrack: '不納入連線追蹤（NOTRACK）',
      })[id],
    why: (id) =>
      ({
        deny: 'filter 表決定什麼可以通過。送往本機 TCP 連接埠 80 的封包會被默默丟棄，送出者會等到逾時。',
        established: '政策為 DROP 時，本機自己發出的請求也收不到回應：連線追蹤認得這些回應。',
        masquerade:
          'nat 表改變位址。離開的封包改用送出介面的位址，回應才找得到回來的路：私有子網路便是如此連到網際網路。',
        dnat: '在路由之前改變目的位址：本機的連接埠 8080 通往另一台主機的連接埠 80。Docker 即以此發布連接埠。',
        ttl: 'mangle 表改變其他欄位。所有封包的 TTL 都是 64，外界便無法數出本機之後有幾個跳點。',
        mark: '標記是只有本機看得見的數字：用於政策路由、流量整形與其他規則。',
        notrack: 'raw 表在連線追蹤之前。不追蹤的封包成本較低，也不會列入連線追蹤表；nat 不會處理它們。',
      })[id],
  },
)
