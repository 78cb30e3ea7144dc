import { useEffect, useRef } from 'react'
import { type TerminalView, useEditor } from '@/editor'
import type { PaneProps } from './props'
import type { Screen } from './screen'

type Given = Pick<TerminalView, 'copy' | 'paste' | 'find' | 'files' | 'close'>

/** Whether the focus is in the tab list: then it is not moved. */
const walksTabs = (): boolean => document.activeElement?.matches('[role="tab"]:focus-visible') ?? false

/** Registers the pane with the editor while it has (or had last) the focus, and focuses it when its tab is activated. */
export function useView(props: PaneProps, screen: Screen | null, given: Given): void {
  const editor = useEditor()
  const latest = useRef({ props, given })
  latest.current = { props, given }
  const { focused, active } = props
  useEffect(() => {
    if (!screen || !focused || !active) return
    const { term } = screen
    const view: TerminalView = {
      focus: () => term.focus(),
      copy: () => latest.current.given.copy(),
      paste: () => latest.current.given.paste(),
      find: () => latest.current.given.find(),
      files: () => latest.current.given.files(),
      close: () => latest.current.given.close(),
      split: (way) => latest.current.props.onSplit(way),
      walk: (by) => latest.current.props.onWalk(by),
      clear: () => term.clear(),
      leave: () =>
        document.getElementById(`tab-${latest.current.props.tab}`)?.focus({ focusVisible: true } as FocusOptions),
    }
    editor.terminal.set(view)
    if (!walksTabs() && editor.dialog.get() === null) term.focus()
    return () => {
      if (editor.terminal.get() === view) editor.terminal.set(null)
    }
  }, [editor, screen, focused, active])
}
