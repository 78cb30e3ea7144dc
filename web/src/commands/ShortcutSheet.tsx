import {
  ACTION_GROUPS,
  ACTIONS,
  palette,
  shown,
  useEditor,
  useEditorTexts,
  useGroupTexts,
  useHelpTexts,
} from '@/editor'
import { Dialog } from '@/ui'
import styles from './CommandPalette.module.css'
import { useCommandTexts } from './texts'

/** All keys on one page, from the actions themselves. */
export function ShortcutSheet() {
  const t = useCommandTexts()
  const et = useEditorTexts()
  const groups = useGroupTexts()
  const help = useHelpTexts()
  const editor = useEditor()
  return (
    <Dialog
      title={t.keys}
      wide
      onClose={() => editor.dialog.set(null)}
      description={
        <>
          {t.keysIntro} <kbd>{shown(palette.shortcuts?.[0] ?? '')}</kbd>
        </>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <div className={styles.sheet} tabIndex={0}>
        {ACTION_GROUPS.map((group) => {
          const actions = ACTIONS.filter((a) => a.group === group && a.shortcuts)
          if (actions.length === 0) return null
          return (
            <section key={group} aria-label={groups[group]}>
              <h3>{groups[group]}</h3>
              <dl>
                {actions.map((action) => (
                  <div key={action.id} className={styles.keyRow} title={action.help?.(help)}>
                    <dt>{action.label(et)}</dt>
                    <dd>
                      {action.shortcuts?.map((s) => (
                        <kbd key={s}>{shown(s)}</kbd>
                      ))}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          )
        })}
      </div>
    </Dialog>
  )
}
