import { catalogue } from '@/i18n'

export const useUiTexts = catalogue({ close: 'Close', dismiss: 'Dismiss' }, { close: '關閉', dismiss: '關閉訊息' })
