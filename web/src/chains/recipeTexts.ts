import { catalogue } from '@/i18n'
import type { Recipe } from './model/recipes'

type Id = Recipe['id']

/** What the tables are for, in words. */
export const useRecipeTexts = catalogue(
  {
    button: 'Examples…',
    title: 'What rules can do',
    labs: 'At work: a lab of its own, one click each',
    making: 'Making it…',
    about: (namespace: string) =>
      `Each opens in the editor for ${namespace}, to be looked at and changed before it is added.`,
    name: (id: Id) =>
      ({
        deny: 'Deny one port',
        established: 'Let answers come back',
        masquerade: 'Hide a private subnet (MASQUERADE)',
        dnat: 'Publish a port (DNAT)',
        ttl: 'Change the TTL',
        mark: 'Mark packets',
        notrack: 'Keep out of connection tracking',
      })[id],
    why: (id: Id) =>
      ({
        deny: 'filter decides what may pass. A packet to TCP port 80 of this host is dropped; who sent it waits in vain.',
        established:
          'With policy DROP, replies to what this host itself asked would be lost too: connection tracking knows them.',
        masquerade:
          'nat changes addresses. What leaves gets the address of the interface it leaves by, so that answers find back: how a private subnet reaches the world.',
        dnat: 'Before routing, the destination is changed: port 8080 of this host leads to port 80 of another. So Docker publishes ports.',
        ttl: 'mangle changes other fields. With a TTL of 64 for all, nobody outside can count the hops behind this host.',
        mark: 'A mark is a number that only this host sees: for routing by policy, for shaping, for other rules.',
        notrack:
          'raw comes before connection tracking. What is not tracked costs less and has no entry; nat does not touch it.',
      })[id],
  },
  {
    button: '範例…',
    title: '規則能做什麼',
    labs: '實際運作：各自建立一個實驗室，一鍵完成',
    making: '建立中…',
    about: (namespace) => `每一項都會在 ${namespace} 的編輯器中開啟，可先檢視與修改再新增。`,
    name: (id) =>
      ({
        deny: '拒絕一個埠',
        established: '讓回應能夠回來',
        masquerade: '隱藏私有子網（MASQUERADE）',
        dnat: '公開一個埠（DNAT）',
        ttl: '改變 TTL',
        mark: '標記封包',
        notrack: '不納入連線追蹤',
      })[id],
    why: (id) =>
      ({
        deny: 'filter 決定什麼可以通過。送往本機 TCP 埠 80 的封包會被丟棄；送出者等不到回應。',
        established: '政策為 DROP 時，本機自己發出的請求也收不到回應：連線追蹤認得這些回應。',
        masquerade: 'nat 改變位址。離開的封包改用送出介面的位址，回應才找得到回來的路：私有子網便是如此連到外界。',
        dnat: '在路由之前改變目的：本機的埠 8080 通往另一台主機的埠 80。Docker 即以此公開埠。',
        ttl: 'mangle 改變其他欄位。所有封包的 TTL 都是 64，外界便無法數出本機之後有幾個跳點。',
        mark: '標記是只有本機看得見的數字：用於政策路由、流量整形與其他規則。',
        notrack: 'raw 在連線追蹤之前。不追蹤的封包成本較低、不佔連線表項目；nat 也不會處理它們。',
      })[id],
  },
)
