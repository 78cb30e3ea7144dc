import { Download, Lightbulb, Upload } from 'lucide-react'
import { useState } from 'react'
import { Needs, useEditor } from '@/editor'
import type { Family } from '@/protocol'
import { useRecord } from '@/store'
import { Button, Segments, usePart } from '@/ui'
import { FAMILY } from './Cell'
import { usePanel, type View } from './context'
import { ExportRulesDialog } from './exchange/Export'
import { ImportRulesDialog } from './exchange/Import'
import { useExchangeTexts } from './exchange/texts'
import { RecipesDialog } from './Recipes'
import { useRecipeTexts } from './recipeTexts'
import styles from './Toolbar.module.css'
import { useChainsTexts } from './texts'

const FAMILY_SETS: Readonly<Record<'ipv4' | 'ipv6' | 'both', readonly Family[]>> = {
  ipv4: ['ipv4'],
  ipv6: ['ipv6'],
  both: ['ipv4', 'ipv6'],
}

/** The choice of view and address family. */
export function Toolbar({
  view,
  onView,
  families,
  onFamilies,
}: {
  view: View
  onView: (view: View) => void
  families: readonly Family[]
  onFamilies: (families: readonly Family[]) => void
}) {
  const t = useChainsTexts()
  const exchange = useExchangeTexts()
  const recipe = useRecipeTexts()
  const [open, setOpen] = useState<'import' | 'export' | 'recipes' | null>(null)
  const close = (): void => setOpen(null)
  const chosen = families.length > 1 ? 'both' : (families[0] ?? 'ipv4')
  return (
    <div className={styles.bar}>
      <Segments
        label={t.view}
        value={view}
        options={[
          ['map', t.map],
          ['matrix', t.matrix],
          ['conntrack', t.conntrack],
        ]}
        onChange={onView}
      />
      <Segments
        label={t.family}
        value={chosen}
        options={[
          ['ipv4', FAMILY.ipv4],
          ['ipv6', FAMILY.ipv6],
          ['both', t.both],
        ]}
        onChange={(next) => onFamilies(FAMILY_SETS[next])}
      />
      <span className={styles.grow} />
      <Driver />
      <Needs>
        <Button size="s" variant="plain" onClick={() => setOpen('recipes')}>
          <Lightbulb size={14} aria-hidden="true" /> {recipe.button}
        </Button>
        <Button size="s" variant="plain" onClick={() => setOpen('import')}>
          <Upload size={14} aria-hidden="true" /> {exchange.import}
        </Button>
      </Needs>
      <Button size="s" variant="plain" onClick={() => setOpen('export')}>
        <Download size={14} aria-hidden="true" /> {exchange.export}
      </Button>
      {open === 'recipes' && <RecipesDialog onClose={close} />}
      {open === 'import' && <ImportRulesDialog onClose={close} />}
      {open === 'export' && <ExportRulesDialog onClose={close} />}
    </div>
  )
}

/** Whose iptables the lab has, and what else is in force. */
function Driver() {
  const t = useChainsTexts()
  const { namespace } = usePanel()
  const { lab } = useEditor()
  const record = useRecord(lab.live, `filter:${namespace}`)
  const info = usePart(lab.meta, (meta) => meta.info)
  const known = record?.kind === 'filter' ? record : undefined
  const driver = known?.driver ?? info?.firewall
  const foreign = known?.foreign ?? []
  if (!driver) return null
  return (
    <span className={styles.driver} title={foreign.length > 0 ? `${t.foreign}: ${foreign.join(', ')}` : undefined}>
      {t.driver(driver)}
      {foreign.length > 0 && <em className={styles.foreign}>{`${t.foreign}: ${foreign.join(', ')}`}</em>}
    </span>
  )
}
