import { Needs, type Pane, setPanes, setTerminal, useEditor } from '@/editor'
import { Button } from '@/ui'
import type { FeedState } from './feed'
import styles from './Terminal.module.css'
import { useTerminalPaneTexts } from './texts'

/** One calm line below a screen that is not all right: opening, connection lost, ended, gone. */
export function Notice({
  tab,
  pane,
  state,
  refused,
  attached,
  onClose,
}: {
  tab: string
  pane: Pane
  state: FeedState
  refused: string | undefined
  attached: boolean
  onClose: () => void
}) {
  const t = useTerminalPaneTexts()
  const editor = useEditor()
  const again = (): void => setPanes(editor, tab, (panes) => setTerminal(panes, pane.pane, null))
  const over = refused ?? overText(state, t)
  if (over !== undefined)
    return (
      <div className={styles.notice} role="alert">
        <p>{over}</p>
        {refused === undefined && (
          <Needs>
            <Button size="s" onClick={again}>
              {t.again}
            </Button>
          </Needs>
        )}
        <Button size="s" onClick={onClose}>
          {t.close}
        </Button>
      </div>
    )
  if (pane.terminal === null) return <Quiet text={t.opening} />
  return attached && state.kind === 'waiting' ? <Quiet text={t.waiting} /> : null
}

function overText(state: FeedState, t: ReturnType<typeof useTerminalPaneTexts>): string | undefined {
  if (state.kind === 'gone') return t.gone
  if (state.kind === 'live' && state.state.code != null && state.state.code !== 0) return t.ended(state.state.code)
  return undefined
}

const Quiet = ({ text }: { text: string }) => (
  <div className={styles.notice} role="status">
    <p>{text}</p>
  </div>
)
