/** The slots of the app frame that panels fill. */

import { Activity, History, MoreHorizontal, Route, Terminal } from 'lucide-react'
import {
  canRun,
  exportDocument,
  exportPicture,
  importDocument,
  netns,
  ping,
  runAction,
  shortcuts,
  showHistory,
  shown,
  showTerminal,
  trace,
  useEditor,
  useEditorTexts,
  whyNot,
} from '@/editor'
import { Button, IconButton, Menu, useValue } from '@/ui'
import { DoctorDialog } from './Doctor'
import { ExportDialog } from './ExportDialog'
import { ImportDialog } from './ImportDialog'
import { LabsDialog, NewLabDialog } from './Labs'
import { NameDialog } from './NameDialog'
import { NetnsDialog } from './Netns'
import { PictureDialog } from './PictureDialog'
import { PingDialog, type PredictionView } from './PingDialog'
import { usePanelTexts } from './texts'

export { LabSwitcher } from './Labs'
export { SidePanel } from './SidePanel'
export { StartScreen } from './Start'

/** In the top bar, right: ping, trace, history, import and export, and the rest. */
export function TopBarTools() {
  const t = usePanelTexts()
  const et = useEditorTexts()
  const editor = useEditor()
  const side = useValue(editor.side)
  return (
    <>
      <Button size="s" data-action={ping.id} disabled={!canRun(ping, editor)} onClick={() => runAction(ping, editor)}>
        <Activity size={14} /> <span>{t.ping}</span>
      </Button>
      <Button
        size="s"
        data-action={trace.id}
        disabled={!canRun(trace, editor)}
        onClick={() => runAction(trace, editor)}
      >
        <Route size={14} /> <span>{t.trace}</span>
      </Button>
      <IconButton
        label={showTerminal.label(et)}
        data-action={showTerminal.id}
        shortcut={shown('Ctrl+`')}
        disabled={!canRun(showTerminal, editor)}
        onClick={() => runAction(showTerminal, editor)}
      >
        <Terminal size={17} />
      </IconButton>
      <IconButton
        label={t.history}
        data-action={showHistory.id}
        shortcut={shown('H')}
        pressed={side === 'history'}
        onClick={() => runAction(showHistory, editor)}
      >
        <History size={17} />
      </IconButton>
      <Menu
        align="end"
        trigger={
          <IconButton label={t.more}>
            <MoreHorizontal size={17} />
          </IconButton>
        }
        entries={[
          {
            key: 'import',
            label: t.importTitle,
            shortcut: shown('Mod+O'),
            disabled: !canRun(importDocument, editor),
            title: whyNot(importDocument, editor),
            onSelect: () => runAction(importDocument, editor),
          },
          {
            key: 'export',
            label: t.exportTitle,
            shortcut: shown('Mod+S'),
            onSelect: () => runAction(exportDocument, editor),
          },
          {
            key: 'picture',
            label: exportPicture.label(et),
            disabled: !canRun(exportPicture, editor),
            onSelect: () => runAction(exportPicture, editor),
          },
          null,
          {
            key: 'netns',
            label: 'ip netns',
            disabled: !canRun(netns, editor),
            title: whyNot(netns, editor),
            onSelect: () => editor.dialog.set({ kind: 'netns' }),
          },
          { key: 'doctor', label: t.doctor, onSelect: () => editor.dialog.set({ kind: 'doctor' }) },
          null,
          {
            key: 'shortcuts',
            label: shortcuts.label(et),
            shortcut: shown('?'),
            onSelect: () => runAction(shortcuts, editor),
          },
        ]}
      />
    </>
  )
}

/** The dialogs of `editor.dialog` that are not the canvas's. `Prediction`: how a packet is shown that did not come through. */
export function PanelDialogs({ Prediction }: { Prediction: PredictionView }) {
  const dialog = useValue(useEditor().dialog)
  switch (dialog?.kind) {
    case 'ping':
      return <PingDialog source={dialog.source} target={dialog.target} Prediction={Prediction} />
    case 'labs':
      return <LabsDialog />
    case 'name':
      return <NameDialog />
    case 'new-lab':
      return <NewLabDialog />
    case 'export':
      return <ExportDialog />
    case 'picture':
      return <PictureDialog />
    case 'import':
      return <ImportDialog text={dialog.text} />
    case 'doctor':
      return <DoctorDialog />
    case 'netns':
      return <NetnsDialog />
    default:
      return null
  }
}
