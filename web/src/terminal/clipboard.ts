import { type Editor, pasteIntoTerminal, shown } from '@/editor'
import { announce } from '@/ui'
import type { Screen } from './screen'
import { useTerminalPaneTexts } from './texts'

/** Copy and paste by menu and key. Programs in the lab have no part in it: what they send for the clipboard (OSC 52) is refused. */
export function clipboardOf(editor: Editor, screen: Screen | null): { copy: () => void; paste: () => void } {
  const t = useTerminalPaneTexts.now
  const copy = async (): Promise<void> => {
    const text = screen?.term.getSelection()
    if (!text) return
    // Pages that are not from this machine nor over TLS have no clipboard of their own; xterm.js answers the old command.
    if (navigator.clipboard) await navigator.clipboard.writeText(text)
    else document.execCommand('copy')
    announce(t().copied)
  }
  const paste = async (): Promise<void> => {
    const text = await navigator.clipboard?.readText().catch(() => undefined)
    if (text === undefined) editor.say('info', t().pasteHint, shown(pasteIntoTerminal.shortcuts?.[0] ?? ''))
    else screen?.term.paste(text)
  }
  return { copy: () => void copy(), paste: () => void paste() }
}
