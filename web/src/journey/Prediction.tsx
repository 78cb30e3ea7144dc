import { useEditor } from '@/editor'
import type { Journey } from '@/protocol'
import { Button } from '@/ui'
import { remedyWords } from './remedies'
import { useRemedyTexts } from './remedyTexts'
import { useJourneyTexts } from './texts'
import { assumptionWords, verdictWords } from './words'

/** What is predicted of a packet, in the words of a trace: the cause and the place, what may help, and what was taken for granted. */
export default function Prediction({ journey }: { journey: Journey }) {
  const editor = useEditor()
  const t = useJourneyTexts()
  const help = useRemedyTexts()
  const { verdict, assumptions = [] } = journey
  const object = /^(namespace|interface):(.+)$/.exec(verdict.object ?? '')
  const lost = verdict.cause !== 'delivered'
  return (
    <>
      <strong>{lost ? verdictWords(t, verdict) : help.nothing}</strong>{' '}
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
      {assumptions.map((text) => (
        <p key={text}>{t.labelled(t.assumptions, assumptionWords(t, text))}</p>
      ))}
    </>
  )
}
