import { catalogue } from '@/i18n'

export const useUiTexts = catalogue(
  { close: 'Close', dismiss: 'Dismiss', chooseFile: 'Choose a file…' },
  { close: '關閉', dismiss: '關閉訊息', chooseFile: '選擇檔案…' },
)
