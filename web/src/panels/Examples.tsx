import { useState } from 'react'
import { exampleWords, freeLab, makeLab, useEditor, useExamples, useExampleTexts } from '@/editor'
import type { Example } from '@/protocol'
import styles from './Examples.module.css'
import { Refused, said } from './parts'
import { Thumbnail } from './Thumbnail'
import { usePanelTexts } from './texts'

/** The ready examples: one click makes a lab of one, live. */
export function Examples({ onMade }: { onMade?: () => void }) {
  const t = usePanelTexts()
  const et = useExampleTexts()
  const editor = useEditor()
  const [examples, error] = useExamples()
  const [making, setMaking] = useState<string>()
  const [refused, setRefused] = useState<string>()
  const make = async ({ name, document }: Example): Promise<void> => {
    setMaking(name)
    setRefused(undefined)
    try {
      await makeLab(editor, freeLab(editor, name), document)
      onMade?.()
    } catch (reason) {
      setRefused(said(reason))
    } finally {
      setMaking(undefined)
    }
  }
  return (
    <section aria-label={t.examples}>
      <h3 className={styles.head}>{t.examples}</h3>
      <ul className={styles.grid}>
        {examples.map((example) => {
          const { title, about } = exampleWords(et, example)
          return (
            <li key={example.name}>
              <button
                type="button"
                className={styles.card}
                disabled={making !== undefined}
                onClick={() => void make(example)}
              >
                <Thumbnail document={example.document} />
                <strong>{making === example.name ? t.making : title}</strong>
                <span>{about}</span>
              </button>
            </li>
          )
        })}
      </ul>
      <Refused text={refused ?? error} />
    </section>
  )
}
