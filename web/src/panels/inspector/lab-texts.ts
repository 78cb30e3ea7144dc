import { catalogue } from '@/i18n'

export const useLabTexts = catalogue(
  {
    lab: 'Lab',
    holds: 'Contents',
    namespaces: 'Namespaces',
    bridges: 'Bridges',
    interfaces: 'Interfaces',
    links: 'Links',
    notUp: 'Not up',
    down: 'down',
    noCarrier: 'no carrier',
    pending: 'not in the kernel',
    drift: 'Differs from the document',
    more: (n: string) => `and ${n} more`,
  },
  {
    lab: '實驗室',
    holds: '內容',
    namespaces: '命名空間',
    bridges: '橋接器',
    interfaces: '介面',
    links: '線路',
    notUp: '未啟用',
    down: '停用',
    noCarrier: '無載波',
    pending: '不在核心中',
    drift: '與文件不同',
    more: (n) => `還有 ${n} 個`,
  },
)
