import { useEditor } from '@/editor'
import type { Ask, Journey, Remedy } from '@/protocol'
import { Button } from '@/ui'
import { Remedies } from './Remedies'
import { remedyWords } from './remedies'
import { useRemedyTexts } from './remedyTexts'
import { useJourneyTexts } from './texts'
import { assumptionWords, verdictWords } from './words'

interface Props {
  journey: Journey
  remedies: readonly Remedy[]
  /** Send it again, otherwise if there is an argument. */
  again: (ask: Ask | null) => void
}

/** What became of a packet, or what is predicted of it, in the words of a trace: the cause and the place, what may help, and what was taken
 * for granted. */
export default function Prediction({ journey, remedies, again }: Props) {
  const editor = useEditor()
  const t = useJourneyTexts()
  const help = useRemedyTexts()
  const { verdict, assumptions = [] } = journey
  const object = /^(namespace|interface):(.+)$/.exec(verdict.object ?? '')
  const lost = verdict.cause !== 'delivered'
  return (
    <>
      <strong>{lost ? verdictWords(t, verdict) : journey.predicted ? help.nothing : help.answered}</strong>{' '}
      {verdict.rule?.text && <code>{verdict.rule.text}</code>}{' '}
      {lost && object && (
        <Button
          size="s"
          onClick={() => {
            editor.dialog.set(null)
            editor.show(object[0])
          }}
        >
          {t.show(object[2] ?? '')}
        </Button>
      )}
      <p>{remedyWords(help, verdict)}</p>
      <Remedies remedies={remedies} busy={false} again={again} />
      {assumptions.map((text) => (
        <p key={text}>{t.labelled(t.assumptions, assumptionWords(t, text))}</p>
      ))}
    </>
  )
}
