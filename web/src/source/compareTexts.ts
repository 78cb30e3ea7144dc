import { catalogue, count } from '@/i18n'

const NOUNS: Readonly<Record<string, readonly [en: string, zh: string]>> = {
  lab: ['lab', '實驗室'],
  namespace: ['namespace', '命名空間'],
  interface: ['interface', '介面'],
  route: ['route', '路由'],
  neighbour: ['neighbour', '鄰居'],
  fdb: ['FDB entry', 'FDB 項目'],
  chain: ['chain', '鏈'],
  placement: ['place of', '位置'],
  style: ['style of', '樣式'],
  area: ['area', '區域'],
  note: ['note', '筆記'],
}

/** What belongs to something, by whose name it is called. */
const OF: ReadonlySet<string> = new Set(['placement', 'style'])

export const useCompareTexts = catalogue(
  {
    compareWith: 'Compare the lab with',
    history: 'Its history',
    otherLab: 'Another lab',
    document: 'A document',
    file: 'File',
    chooseLab: 'Choose a lab',
    noOtherLab: 'There is no other lab.',
    from: 'From',
    to: 'to',
    now: 'The lab as it is',
    choosePoint: 'Choose an edit',
    point: (number: number, label: string) => `After ${number}: ${label}`,
    first: 'Before the first edit',
    clear: 'Stop comparing',
    choose:
      'Choose what to compare. The canvas then marks what is added, changed and removed from the one to the other.',
    same: 'No differences.',
    differences: 'Differences',
    words: 'In words',
    text: 'As text',
    byDefault: '(default)',
    direction: (from: string, to: string, n: number) => `From “${from}” to “${to}”: ${count(n, 'difference')}`,
    sign: (sign: string) => ({ '+': 'added', '−': 'removed' })[sign] ?? 'changed',
    noun: (kind: string, name: string) => [NOUNS[kind]?.[0] ?? kind, name].join(' ').trim(),
  },
  {
    compareWith: '將實驗室與下列比較',
    history: '歷史紀錄',
    otherLab: '另一個實驗室',
    document: '文件',
    file: '檔案',
    chooseLab: '選擇實驗室',
    noOtherLab: '沒有其他實驗室。',
    from: '從',
    to: '到',
    now: '目前的實驗室',
    choosePoint: '選擇一次編輯',
    point: (number, label) => `第 ${number} 次之後：${label}`,
    first: '第一次編輯之前',
    clear: '結束比較',
    choose: '請選擇比較的對象。畫布會標示兩者之間新增、變更與移除的項目。',
    same: '沒有差異。',
    differences: '差異',
    words: '逐項說明',
    text: '文件內容',
    byDefault: '（預設）',
    direction: (from, to, n) => `從「${from}」到「${to}」：${n} 項差異`,
    sign: (sign) => ({ '+': '新增', '−': '移除' })[sign] ?? '變更',
    noun: (kind, name) =>
      OF.has(kind) ? `${name} 的${NOUNS[kind]?.[1] ?? kind}` : [NOUNS[kind]?.[1] ?? kind, name].join(' ').trim(),
  },
)
