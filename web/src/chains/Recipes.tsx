import { Dialog } from '@/ui'
import { usePanel } from './context'
import { type Recipe, recipes } from './model/recipes'
import styles from './Recipes.module.css'
import { RuleText } from './RuleText'
import { useRecipeTexts } from './recipeTexts'
import { useGround } from './useGround'

/** What each table is good for, as a rule that opens in the editor. */
export function RecipesDialog({ onClose }: { onClose: () => void }) {
  const t = useRecipeTexts()
  const panel = usePanel()
  const ground = useGround(panel.namespace)
  const open = ({ table, chain, rule }: Recipe): void => {
    const spot = { family: 'ipv4' as const, table, name: chain }
    panel.go(spot)
    panel.write(spot, { kind: 'new', at: null, text: rule })
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
    </Dialog>
  )
}
