import { catalogue } from '@/i18n'

export const useConnectionTexts = catalogue(
  {
    tooLong: (mb: number) => `This is more than ${mb} MB, the most that is sent at once`,
    splitIt: 'Do it in several parts.',
  },
  {
    tooLong: (mb) => `內容超過 ${mb} MB，一次無法傳送這麼多`,
    splitIt: '請分成幾次進行。',
  },
)
