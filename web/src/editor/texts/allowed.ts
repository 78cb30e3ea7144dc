import { catalogue } from '@/i18n'

/** What the token of this visit does not allow, and why. */
export const useAllowedTexts = catalogue(
  {
    edit: 'Read-only: your token does not allow changes to this lab',
    admin: 'Only the administrator’s token allows this',
    hint: 'Ask the administrator of this server for another token.',
    watching: 'read-only',
    noneToWatch: (namespace: string) => `There is no terminal in ${namespace} to watch`,
  },
  {
    edit: '唯讀：您的權杖不允許變更此實驗室',
    admin: '只有管理員的權杖允許此操作',
    hint: '請向此伺服器的管理員索取其他權杖。',
    watching: '唯讀',
    noneToWatch: (namespace) => `${namespace} 中沒有可觀看的終端機`,
  },
)
