import { catalogue } from '@/i18n'

/** What the token of this visit does not allow, and why. */
export const useAllowedTexts = catalogue(
  {
    edit: 'You are looking at this lab: your address allows no changes',
    admin: 'Only the administrator’s address allows that',
    hint: 'Ask whoever runs this server for another address.',
    watching: 'watching',
    noneToWatch: (namespace: string) => `There is no terminal in ${namespace} to watch`,
  },
  {
    edit: '您正在觀看此實驗室：您的網址不允許變更',
    admin: '只有管理員的網址允許此操作',
    hint: '請向此伺服器的管理者索取其他網址。',
    watching: '觀看中',
    noneToWatch: (namespace) => `${namespace} 中沒有可觀看的終端機`,
  },
)
