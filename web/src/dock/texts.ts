import { catalogue } from '@/i18n'

export const useDockTexts = catalogue(
  {
    dock: 'Tools',
    tabs: 'Open tools',
    close: (what: string) => `Close ${what}`,
    maximise: 'Maximise',
    restore: 'Restore size',
    hide: 'Hide tools',
    resize: 'Height of the tools',
    loading: 'Loading…',
    failed: 'This tool could not be loaded.',
    again: 'Try again',
    source: 'Document',
    plan: 'Plan',
    chainsOf: (namespace: string) => `Chains of ${namespace}`,
    mark: 'A bell rang here',
    capture: 'Capture',
  },
  {
    dock: '工具',
    tabs: '開啟的工具',
    close: (what) => `關閉${what}`,
    maximise: '最大化',
    restore: '還原大小',
    hide: '隱藏工具',
    resize: '工具區高度',
    loading: '載入中…',
    failed: '無法載入此工具。',
    again: '重試',
    source: '文件',
    plan: '計畫',
    chainsOf: (namespace) => `${namespace} 的鏈`,
    mark: '此處響鈴',
    capture: '封包擷取',
  },
)
export type DockTexts = ReturnType<typeof useDockTexts.now>
