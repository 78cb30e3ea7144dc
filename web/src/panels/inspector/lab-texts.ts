import { catalogue } from '@/i18n'

export const useLabTexts = catalogue(
  {
    lab: 'Lab',
    holds: 'What is in it',
    namespaces: 'Namespaces',
    bridges: 'Bridges',
    interfaces: 'Interfaces',
    links: 'Links',
    notUp: 'Not up',
    down: 'down',
    noCarrier: 'no carrier',
    pending: 'not in the kernel',
    drift: 'Other than the document says',
    more: (n: string) => `and ${n} more`,
  },
  {
    lab: '實驗室',
    holds: '內容',
    namespaces: '命名空間',
    bridges: '橋接器',
    interfaces: '介面',
    links: '連線',
    notUp: '未啟用',
    down: '停用',
    noCarrier: '無載波',
    pending: '不在核心中',
    drift: '與文件不同',
    more: (n) => `還有 ${n} 個`,
  },
)
