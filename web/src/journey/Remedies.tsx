import { Needs, openTerminal, useEditor } from '@/editor'
import type { Ask, Remedy } from '@/protocol'
import { Button } from '@/ui'
import styles from './Journey.module.css'
import { useRemedyTexts } from './remedyTexts'

/** One button for each thing that may help. An edit is an ordinary one, which undo takes back; after it, or instead of it, the packet is
 * sent again: `again` with no argument as it was, else so. */
export function Remedies({
  remedies,
  busy,
  again,
}: {
  remedies: readonly Remedy[]
  busy: boolean
  again: (ask: Ask | null) => void
}) {
  const editor = useEditor()
  const t = useRemedyTexts()
  const apply = async (remedy: Remedy): Promise<void> => {
    if (remedy.word === 'terminal') {
      editor.dialog.set(null)
      openTerminal(editor, remedy.at ?? '')
    } else if (remedy.ask) again(remedy.ask)
    else if (await editor.edit(remedy.commands ?? [], t.done(remedy))) again(null)
  }
  if (remedies.length === 0) return null
  return (
    <fieldset className={styles.remedies} aria-label={t.remedies}>
      {remedies.map((remedy) => {
        const button = (
          <Button
            key={`${remedy.word} ${remedy.what}`}
            size="s"
            title={t.hint(remedy) || undefined}
            disabled={busy && remedy.word !== 'terminal'}
            onClick={() => void apply(remedy)}
          >
            {t.button(remedy)}
          </Button>
        )
        return remedy.word === 'terminal' ? button : <Needs key={`${remedy.word} ${remedy.what}`}>{button}</Needs>
      })}
    </fieldset>
  )
}
