import { useState } from 'react'
import { errorMessage, exampleWords, freeLab, makeLab, useEditor, useExamples, useExampleTexts } from '@/editor'
import type { Example } from '@/protocol'
import { Dialog } from '@/ui'
import { usePanel } from './context'
import { type Recipe, recipes } from './model/recipes'
import styles from './Recipes.module.css'
import { RuleText } from './RuleText'
import { useRecipeTexts } from './recipeTexts'
import { useRecipeContext } from './useRecipeContext'

/** What each table is good for, as a rule that opens in the editor. */
export function RecipesDialog({ onClose }: { onClose: () => void }) {
  const t = useRecipeTexts()
  const panel = usePanel()
  const ground = useRecipeContext(panel.namespace)
  const open = ({ table, chain, rule }: Recipe): void => {
    const chainRef = { family: 'ipv4' as const, table, name: chain }
    panel.go(chainRef)
    panel.write(chainRef, { kind: 'new', at: null, text: rule })
    onClose()
  }
  return (
    <Dialog title={t.title} description={t.about(panel.namespace)} wide onClose={onClose}>
      <ul className={styles.list}>
        {recipes(ground).map((recipe) => (
          <li key={recipe.id}>
            <button type="button" className={styles.recipe} aria-label={t.name(recipe.id)} onClick={() => open(recipe)}>
              <span className={styles.where}>
                {recipe.table} {recipe.chain}
              </span>
              <strong>{t.name(recipe.id)}</strong>
              <span className={styles.why}>{t.why(recipe.id)}</span>
              <RuleText text={recipe.rule} />
            </button>
          </li>
        ))}
      </ul>
      <ReadyLabs onClose={onClose} />
    </Dialog>
  )
}

/** Example labs for these tables; a click creates one and opens it. */
function ReadyLabs({ onClose }: { onClose: () => void }) {
  const t = useRecipeTexts()
  const words = useExampleTexts()
  const editor = useEditor()
  const [examples] = useExamples()
  const [making, setMaking] = useState<string>()
  const [refused, setRefused] = useState<string>()
  const make = async ({ name, document }: Example): Promise<void> => {
    setMaking(name)
    setRefused(undefined)
    try {
      await makeLab(editor, freeLab(editor, name), document)
      onClose()
    } catch (reason) {
      setMaking(undefined)
      setRefused(errorMessage(reason))
    }
  }
  const ruled = examples.filter((example) => hasRules(example))
  if (ruled.length === 0) return null
  return (
    <section aria-label={t.labs} className={styles.labs}>
      <h3>{t.labs}</h3>
      <ul className={styles.list}>
        {ruled.map((example) => {
          const { title, about } = exampleWords(words, example)
          return (
            <li key={example.name}>
              <button
                type="button"
                className={styles.recipe}
                disabled={making !== undefined}
                onClick={() => void make(example)}
              >
                <strong>{making === example.name ? t.making : title}</strong>
                <span className={styles.why}>{about}</span>
              </button>
            </li>
          )
        })}
      </ul>
      {refused && (
        <p role="alert" className={styles.refused}>
          {refused}
        </p>
      )}
    </section>
  )
}

/** Whether a namespace of the document has rules. */
function hasRules({ document }: Example): boolean {
  const namespaces = document.namespaces
  if (typeof namespaces !== 'object' || namespaces === null || Array.isArray(namespaces)) return false
  return Object.values(namespaces).some((one) => typeof one === 'object' && one !== null && 'filter' in one)
}
