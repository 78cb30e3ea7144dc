import { catalogue, count } from '@/i18n'

export const useStagingTexts = catalogue(
  {
    on: 'Stage changes',
    onHelp: 'Collect edits, review the plan, then apply all of them at once',
    apply: 'Apply staged changes',
    discard: 'Discard staged changes',
    applied: (n: number) => `Applied ${count(n, 'staged change')}`,
    staged: (label: string) => `Staged: ${label}`,
    plan: 'Plan',
    planHelp: 'What the staged changes will do, as steps and as commands',
    compare: 'Compare',
    compareHelp: 'The lab beside a document, another lab or a point in its history',
    source: 'Document as text',
    sourceHelp: 'The JSON document beside the canvas, with completion; both stay in sync',
  },
  {
    on: '暫存變更',
    onHelp: '先收集編輯並檢視計畫，再一次全部套用',
    apply: '套用暫存的變更',
    discard: '捨棄暫存的變更',
    applied: (n) => `已套用 ${n} 項暫存的變更`,
    staged: (label) => `已暫存：${label}`,
    plan: '計畫',
    planHelp: '暫存的變更會做什麼：步驟與指令',
    compare: '比較',
    compareHelp: '將實驗室與文件、另一個實驗室或歷史紀錄中的某一點比較',
    source: '文件原始碼',
    sourceHelp: '畫布旁的 JSON 文件，具自動完成；兩邊保持同步',
  },
)
