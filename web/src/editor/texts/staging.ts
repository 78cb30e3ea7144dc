import { catalogue, count } from '@/i18n'

export const useStagingTexts = catalogue(
  {
    on: 'Stage changes',
    onHelp: 'Collect edits, look at the plan, then apply all of them in one go',
    apply: 'Apply staged changes',
    discard: 'Discard staged changes',
    applied: (n: number) => `${count(n, 'staged change')}`,
    staged: (label: string) => `Staged: ${label}`,
    plan: 'Plan',
    planHelp: 'What the staged changes will do, as steps and as commands',
    source: 'Document as text',
    sourceHelp: 'The JSON beside the canvas, with completion; both follow each other',
  },
  {
    on: '暫存變更',
    onHelp: '先收集編輯並檢視計畫，再一次全部套用',
    apply: '套用暫存的變更',
    discard: '捨棄暫存的變更',
    applied: (n) => `${n} 項暫存的變更`,
    staged: (label) => `已暫存：${label}`,
    plan: '計畫',
    planHelp: '暫存的變更會做什麼：步驟與指令',
    source: '文件原始碼',
    sourceHelp: '畫布旁的 JSON，具自動完成；兩邊互相同步',
  },
)
