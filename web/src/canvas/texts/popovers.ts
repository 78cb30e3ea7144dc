import { catalogue } from '@/i18n'

export const usePopoverTexts = catalogue(
  {
    choose: 'Link to a new node',
    newNamespace: 'New namespace',
    newBridge: (namespace: string) => `New bridge in ${namespace}`,
    ends: 'New link',
    endsMany: 'New links',
    name: (ref: string) => `Name of ${ref}`,
    address: (ref: string) => `Addresses of ${ref}`,
    noAddress: 'no address',
    port: (bridge: string) => `port of ${bridge}`,
    keys: 'Enter applies, Escape cancels',
    starTitle: (hub: string) => `Namespaces on ${hub}`,
    starText:
      'Each namespace gets a link to it and the next free address of its subnet. One undo takes all of it back.',
    count: 'How many',
    stem: 'Name',
    add: 'Add',
  },
  {
    choose: '以線路連到新節點',
    newNamespace: '新的命名空間',
    newBridge: (namespace) => `${namespace} 中的新橋接器`,
    ends: '新線路',
    endsMany: '新線路',
    name: (ref) => `${ref} 的名稱`,
    address: (ref) => `${ref} 的位址`,
    noAddress: '無位址',
    port: (bridge) => `${bridge} 的橋接埠`,
    keys: 'Enter 套用，Esc 取消',
    starTitle: (hub) => `${hub} 上的命名空間`,
    starText: '每個命名空間都會以線路連到此處，並取得其子網路中下一個可用位址。復原一次即可全部取消。',
    count: '數量',
    stem: '名稱',
    add: '新增',
  },
)
