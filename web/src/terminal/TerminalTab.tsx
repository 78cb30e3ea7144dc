import { type ComponentRef, useEffect, useMemo, useRef, useState } from 'react'
import {
  closeDock,
  closePane,
  freshPane,
  leavePanes,
  neighbour,
  type Pane as PaneOf,
  panesIn,
  panesOf,
  place,
  type SplitDirection,
  setPanes,
  splitPane,
  type TerminalPanel,
  updateDockTab,
  useEditor,
} from '@/editor'
import { useRecord } from '@/store'
import { Divider } from './Divider'
import { Pane } from './Pane'
import styles from './Terminal.module.css'

const part = (n: number): string => `${n * 100}%`

/** One tab of the dock: a shell, or several side by side. */
export function TerminalTab({ tab, panel, active }: { tab: string; panel: TerminalPanel; active: boolean }) {
  const editor = useEditor()
  const box = useRef<ComponentRef<'div'>>(null)
  const panes = useMemo(() => panesIn(panel), [panel])
  const all = panesOf(panes)
  const [focused, setFocused] = useState(all[0]?.pane ?? '')
  const { panes: placed, dividers } = place(panes)
  const now = all.find((p) => p.pane === focused) ?? all[0]
  useTitle(tab, now)
  useEffect(() => {
    if (active) updateDockTab(editor, tab, { mark: false })
  }, [editor, tab, active])

  const split = (from: PaneOf, way: SplitDirection): void => {
    const pane = freshPane(panes)
    setPanes(editor, tab, (now) => splitPane(now, from.pane, way, { pane, namespace: from.namespace, terminal: null }))
    setFocused(pane)
  }
  const close = (from: PaneOf, ended: boolean): void => {
    if (!ended) leavePanes(editor, [from])
    const rest = closePane(panes, from.pane)
    if (rest === null) {
      closeDock(editor, tab)
      return
    }
    setFocused(neighbour(panes, from.pane, -1))
    setPanes(editor, tab, () => rest)
  }
  return (
    <div className={styles.tab} ref={box}>
      {placed.map(({ rect, ...pane }) => (
        <Pane
          key={pane.pane}
          tab={tab}
          pane={pane}
          active={active}
          focused={pane.pane === now?.pane}
          style={{ left: part(rect.x), top: part(rect.y), width: part(rect.w), height: part(rect.h) }}
          onFocus={() => setFocused(pane.pane)}
          onSplit={(way) => split(pane, way)}
          onWalk={(by) => setFocused(neighbour(panes, pane.pane, by))}
          onClose={(ended) => close(pane, ended)}
        />
      ))}
      {dividers.map((divider) => (
        <Divider key={divider.path} tab={tab} divider={divider} box={box} />
      ))}
    </div>
  )
}

/** The tab is called as the shell that has the focus. */
function useTitle(tab: string, pane: PaneOf | undefined): void {
  const editor = useEditor()
  const record = useRecord(editor.lab.live, `terminal:${pane?.terminal}`)
  const title = (record?.kind === 'terminal' && record.title) || pane?.namespace
  useEffect(() => {
    if (title) updateDockTab(editor, tab, { title })
  }, [editor, tab, title])
}
