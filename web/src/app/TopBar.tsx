import { Redo2, Search, Settings2, Undo2, Users } from 'lucide-react'
import { canRun, palette, redo, runAction, shown, undo, useEditor, useEditorTexts } from '@/editor'
import { LANGUAGES, type Language, language } from '@/i18n'
import { LabSwitcher, TopBarTools } from '@/panels'
import { personName } from '@/store'
import { contrast, IconButton, Menu, type MenuEntry, type Theme, Tooltip, theme, usePart, useValue } from '@/ui'
import styles from './App.module.css'
import { useAppTexts } from './texts'

export function TopBar() {
  return (
    <header className={styles.bar}>
      <div className={styles.brand}>
        <img src="/favicon.svg" width={24} height={24} alt="" />
        <span>Vethboard</span>
      </div>
      <span className={styles.rule} />
      <LabSwitcher />
      <People />
      <span className={styles.space} />
      <Find />
      <History />
      <span className={styles.rule} />
      <TopBarTools />
      <Settings />
    </header>
  )
}

/** Who else has the lab open. */
function People() {
  const t = useAppTexts()
  const editor = useEditor()
  const current = useValue(editor.session.current)
  const info = usePart(editor.session.labs, (labs) => labs?.find((lab) => lab.lab === current))
  if (!info || info.viewers < 2) return null
  const text = t.people(info.viewers, info.people ?? [])
  return (
    <Tooltip text={text}>
      <button type="button" className={styles.people} aria-label={text}>
        <Users size={14} aria-hidden="true" /> {info.viewers}
      </button>
    </Tooltip>
  )
}

/** Opens the command palette, for people who do not know its shortcut. */
function Find() {
  const t = useAppTexts()
  const et = useEditorTexts()
  const editor = useEditor()
  return (
    <button
      type="button"
      className={styles.find}
      aria-label={palette.label(et)}
      onClick={() => runAction(palette, editor)}
    >
      <Search size={14} aria-hidden="true" />
      <span>{t.find}</span>
      <kbd>{shown('Mod+K')}</kbd>
    </button>
  )
}

function History() {
  const editor = useEditor()
  const t = useEditorTexts()
  const label = usePart(editor.lab.meta, (meta) => meta.undo)
  useValue(editor.staging.state) // what waits can be undone too
  const again = usePart(editor.lab.meta, (meta) => meta.redo)
  return (
    <>
      <IconButton
        label={label ? t.undoOf(label) : t.undo}
        shortcut={shown('Mod+Z')}
        data-action={undo.id}
        disabled={!canRun(undo, editor)}
        onClick={() => runAction(undo, editor)}
      >
        <Undo2 size={17} />
      </IconButton>
      <IconButton
        label={again ? t.redoOf(again) : t.redo}
        shortcut={shown('Mod+Shift+Z')}
        disabled={!canRun(redo, editor)}
        onClick={() => runAction(redo, editor)}
      >
        <Redo2 size={17} />
      </IconButton>
    </>
  )
}

function Settings() {
  const t = useAppTexts()
  const chosen = useValue(theme)
  const spoken = useValue(language)
  const strong = useValue(contrast)
  const names: Record<Theme, string> = { system: t.themeSystem, light: t.themeLight, dark: t.themeDark }
  const editor = useEditor()
  const name = useValue(personName)
  const entries: MenuEntry[] = [
    {
      key: 'name',
      label: name ? t.nameIs(name) : t.nameNone,
      onSelect: () => editor.dialog.set({ kind: 'name' }),
    },
    null,
    ...(Object.keys(names) as Theme[]).map((key) => ({
      key,
      label: names[key],
      checked: key === chosen,
      onSelect: () => theme.set(key),
    })),
    {
      key: 'contrast',
      label: t.contrast,
      checked: strong === 'more',
      onSelect: () => contrast.set(strong === 'more' ? 'system' : 'more'),
    },
    null,
    ...(Object.keys(LANGUAGES) as Language[]).map((key) => ({
      key,
      label: LANGUAGES[key],
      checked: key === spoken,
      onSelect: () => language.set(key),
    })),
  ]
  return (
    <Menu
      align="end"
      entries={entries}
      trigger={
        <IconButton label={t.settings}>
          <Settings2 size={17} />
        </IconButton>
      }
    />
  )
}
