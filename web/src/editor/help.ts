import { catalogue } from '@/i18n'

/** What actions do, for the command palette, the sheet of shortcuts and screen readers. */
export const useHelpTexts = catalogue(
  {
    addNamespace: 'A network stack of its own: interfaces, routes, rules (ip netns add)',
    addBridge: 'A switch inside a namespace that learns MAC addresses (ip link add type bridge)',
    addLink: 'A veth pair: a cable with two ends',
    addVxlan: 'An Ethernet segment over an IP network (RFC 7348)',
    addMacvlan: 'An interface with a MAC address of its own on another one',
    remove: 'In the kernel too, with all that cannot be without it',
    undo: 'Takes the last edit back, in the running kernel',
    redo: 'Does again what was taken back',
    toggleUp: 'ip link set … up or down',
    moveTo: 'ip link set … netns …',
    setMaster: 'ip link set … master …',
    ping: 'Real ICMP, and the reason where no answer comes',
    chains: 'The way of a packet through iptables: tables, chains, rules, live',
    history: 'Who changed what, with the commands that do the same',
    exportJson: 'As a document, a shell script or a picture',
    importJson: 'The plan is shown before anything is done',
    palette: 'Every action, lab and node by its name',
    shortcuts: 'All keys on one page',
    contrast: 'Strong borders and text',
    netns: 'The verbs of ip-netns(8) and where they are here',
    doctor: 'What this kernel and system can do',
    newLab: 'Empty, or from an example',
    allLabs: 'Start, stop, delete',
    follow: 'Changes from outside become part of the document',
    dock: 'Shows or hides the tools at the bottom',
  },
  {
    addNamespace: '獨立的網路堆疊：介面、路由、規則（ip netns add）',
    addBridge: '命名空間內會學習 MAC 位址的交換器（ip link add type bridge）',
    addLink: '一對 veth：兩端的網路線',
    addVxlan: '架在 IP 網路上的乙太網路區段（RFC 7348）',
    addMacvlan: '在另一個介面上、擁有自己 MAC 位址的介面',
    remove: '核心中也會刪除，連同無法獨立存在的項目',
    undo: '在執行中的核心裡撤回上一次編輯',
    redo: '重新執行被撤回的編輯',
    toggleUp: 'ip link set … up 或 down',
    moveTo: 'ip link set … netns …',
    setMaster: 'ip link set … master …',
    ping: '真實的 ICMP；沒有回應時說明原因',
    chains: '封包在 iptables 中的路徑：表、鏈、規則，即時呈現',
    history: '誰改了什麼，以及等同的指令',
    exportJson: '匯出為文件、Shell 指令稿或圖片',
    importJson: '執行前先顯示計畫',
    palette: '依名稱尋找所有動作、實驗室與節點',
    shortcuts: '一頁看完所有按鍵',
    contrast: '加強邊框與文字的對比',
    netns: 'ip-netns(8) 的動詞與此處的對應位置',
    doctor: '此核心與系統能做什麼',
    newLab: '空白，或由範例建立',
    allLabs: '啟動、停止、刪除',
    follow: '外部的變更會成為文件的一部分',
    dock: '顯示或隱藏下方的工具',
  },
)

export type HelpTexts = ReturnType<typeof useHelpTexts>

/** The headings of `ACTION_GROUPS`. */
export const useGroupTexts = catalogue(
  { add: 'Add', edit: 'Edit', select: 'Select', tools: 'Tools', lab: 'Lab', view: 'View', app: 'Vethboard' },
  { add: '新增', edit: '編輯', select: '選取', tools: '工具', lab: '實驗室', view: '檢視', app: 'Vethboard' },
)
