import { catalogue } from '@/i18n'

/** Names of the actions on the app around a lab. */
export const useAppActionTexts = catalogue(
  {
    palette: 'Command palette…',
    shortcuts: 'Keyboard shortcuts',
    tour: 'Take the tour',
    newLab: 'New lab…',
    allLabs: 'All labs…',
    doctor: 'Doctor…',
    chains: 'Chains…',
    inspector: 'Show or hide the inspector',
    dock: 'Show or hide the tools',
    themed: (name: string) => `Theme: ${name}`,
    system: 'as the system',
    light: 'light',
    dark: 'dark',
    contrast: 'High contrast',
    spoken: (name: string) => `Language: ${name}`,
  },
  {
    palette: '指令面板…',
    shortcuts: '鍵盤快速鍵',
    tour: '開始導覽',
    newLab: '新實驗室…',
    allLabs: '所有實驗室…',
    doctor: '診斷…',
    chains: '鏈與規則…',
    inspector: '顯示或隱藏檢視面板',
    dock: '顯示或隱藏工具',
    themed: (name) => `佈景主題：${name}`,
    system: '跟隨系統',
    light: '淺色',
    dark: '深色',
    contrast: '高對比',
    spoken: (name) => `語言：${name}`,
  },
)
