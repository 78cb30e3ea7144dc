import { Columns2, FolderOpen, MoreHorizontal, Rows2, Search, X } from 'lucide-react'
import { type ComponentRef, useEffect, useMemo, useRef, useState } from 'react'
import {
  closeTerminal,
  findInTerminal,
  Needs,
  type Pane as PaneOf,
  shown,
  splitDown,
  splitRight,
  useAllowedTexts,
  useDenied,
  useEditor,
  useTerminalTexts,
} from '@/editor'
import { useRecord } from '@/store'
import { ContextArea, IconButton, Menu } from '@/ui'
import { clipboardOf } from './clipboard'
import { FilesDialog } from './Files'
import { Find } from './Find'
import { LinkDialog } from './LinkDialog'
import { paneMenu } from './menu'
import { Notice } from './Notice'
import type { PaneProps } from './props'
import styles from './Terminal.module.css'
import { useTerminalPaneTexts } from './texts'
import { Uploads, useUploads } from './Uploads'
import { useShell, useTerminal } from './usePane'
import { useView } from './useView'

/** One shell: a title bar with tools, the screen, and notices below. */
export function Pane(props: PaneProps) {
  const { tab, pane, focused, style } = props
  const editor = useEditor()
  const t = useTerminalPaneTexts()
  const host = useRef<ComponentRef<'div'>>(null)
  const [link, setLink] = useState<string>()
  const [finding, setFinding] = useState(false)
  const [listing, setListing] = useState(false)
  const refused = useShell(tab, pane)
  const { screen, feed, state } = useTerminal(host, tab, pane.terminal, setLink)
  const uploads = useUploads(pane)
  const denied = useDenied()
  const clipboard = useMemo(() => clipboardOf(editor, screen), [editor, screen])
  const ended = state.kind === 'gone' || (state.kind === 'live' && state.state.code != null)
  useView(props, screen, {
    ...clipboard,
    find: () => setFinding(true),
    files: () => setListing(true),
    close: () => props.onClose(ended),
  })
  const code = state.kind === 'live' ? state.state.code : undefined
  const { onClose } = props
  useEffect(() => {
    if (code === 0) onClose(true)
  }, [code, onClose])
  const title = useTitle(pane)
  return (
    <section
      className={styles.pane}
      style={style}
      aria-label={t.pane(title)}
      data-focused={focused || undefined}
      onFocusCapture={props.onFocus}
    >
      <Bar {...props} title={title} onFind={() => setFinding(true)} onFiles={() => setListing(true)} ended={ended} />
      <ContextArea entries={() => paneMenu(editor, pane)}>
        <div className={styles.room} data-terminal={pane.terminal ?? undefined} {...(denied ? {} : uploads.drop)}>
          <div className={styles.screen} ref={host} />
          {uploads.over && <div className={styles.drop}>{t.dropHere}</div>}
        </div>
      </ContextArea>
      {finding && screen && (
        <Find
          screen={screen}
          onClose={() => {
            setFinding(false)
            screen.term.focus()
          }}
        />
      )}
      <Uploads uploads={uploads.all} onDismiss={uploads.dismiss} />
      <Notice
        tab={tab}
        pane={pane}
        state={state}
        refused={refused}
        attached={feed !== null}
        onClose={() => onClose(true)}
      />
      {link !== undefined && <LinkDialog address={link} onClose={() => setLink(undefined)} />}
      {listing && <FilesDialog namespace={pane.namespace} put={uploads.put} onClose={() => setListing(false)} />}
    </section>
  )
}

/** The namespace, and what the programs in it call the terminal. */
function useTitle({ terminal, namespace }: PaneOf): string {
  const record = useRecord(useEditor().lab.live, `terminal:${terminal}`)
  return (record?.kind === 'terminal' && record.title) || namespace
}

function Bar({
  pane,
  title,
  ended,
  onSplit,
  onClose,
  onFind,
  onFiles,
}: PaneProps & { title: string; ended: boolean; onFind: () => void; onFiles: () => void }) {
  const t = useTerminalPaneTexts()
  const names = useTerminalTexts()
  const keys = (action: { shortcuts?: readonly string[] }): { shortcut?: string } =>
    action.shortcuts?.[0] ? { shortcut: shown(action.shortcuts[0]) } : {}
  return (
    <header className={styles.bar}>
      <span className={`${styles.title} mono`}>{title}</span>
      <Many pane={pane} />
      <Watching />
      <IconButton size="xs" label={t.search} {...keys(findInTerminal)} onClick={onFind}>
        <Search size={13} />
      </IconButton>
      <Needs>
        <IconButton size="xs" label={t.files} onClick={onFiles}>
          <FolderOpen size={13} />
        </IconButton>
        <IconButton size="xs" label={t.right} {...keys(splitRight)} onClick={() => onSplit('right')}>
          <Columns2 size={13} />
        </IconButton>
        <IconButton size="xs" label={t.down} {...keys(splitDown)} onClick={() => onSplit('down')}>
          <Rows2 size={13} />
        </IconButton>
      </Needs>
      <MoreMenu pane={pane} />
      <IconButton size="xs" label={names.close} {...keys(closeTerminal)} onClick={() => onClose(ended)}>
        <X size={13} />
      </IconButton>
    </header>
  )
}

function Many({ pane }: { pane: PaneOf }) {
  const t = useTerminalPaneTexts()
  const record = useRecord(useEditor().lab.live, `terminal:${pane.terminal}`)
  const viewers = record?.kind === 'terminal' ? (record.viewers ?? 0) : 0
  return viewers > 1 ? <span className={styles.many}>{t.watched(viewers)}</span> : null
}

/** Shown with a read-only token: typing is off. */
function Watching() {
  const reason = useDenied()
  const t = useAllowedTexts()
  return reason ? (
    <span className={styles.many} title={reason}>
      {t.watching}
    </span>
  ) : null
}

function MoreMenu({ pane }: { pane: PaneOf }) {
  const t = useTerminalPaneTexts()
  const editor = useEditor()
  return (
    <Menu
      align="end"
      trigger={
        <IconButton size="xs" label={t.menu}>
          <MoreHorizontal size={13} />
        </IconButton>
      }
      entries={() => paneMenu(editor, pane)}
    />
  )
}
