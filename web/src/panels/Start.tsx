import { newLab, runAction, tour, useEditor } from '@/editor'
import { Button, useValue } from '@/ui'
import { Examples } from './Examples'
import styles from './Examples.module.css'
import { usePanelTexts } from './texts'

/** Instead of the canvas while no lab is open: the tour, an empty lab, the examples, the labs that are there. */
export function StartScreen() {
  const t = usePanelTexts()
  const editor = useEditor()
  const labs = useValue(editor.session.labs)
  const left = useValue(editor.tour)
  if (labs === null) return null
  return (
    <div className={styles.start}>
      <header className={styles.hero}>
        <h1>{t.startTitle}</h1>
        <p>{t.startText}</p>
        <div className={styles.ways}>
          <Button variant="primary" onClick={() => runAction(tour, editor)}>
            {left ? t.resumeTour : t.takeTour}
          </Button>
          <Button onClick={() => runAction(newLab, editor)}>{t.newLab}</Button>
        </div>
      </header>
      <Examples />
      {labs.length > 0 && (
        <section aria-label={t.yourLabs}>
          <h3 className={styles.head}>{t.yourLabs}</h3>
          <div className={styles.labs}>
            {labs.map(({ lab, state }) => (
              <Button key={lab} onClick={() => void editor.session.open(lab)}>
                {lab} · {t.stateOf(state)}
              </Button>
            ))}
          </div>
        </section>
      )}
    </div>
  )
}
