import {
  AlignStartVertical,
  CopyPlus,
  Group,
  Lock,
  LockOpen,
  Palette as PaletteIcon,
  Shapes,
  Trash2,
} from 'lucide-react'
import type { ReactNode } from 'react'
import {
  type Action,
  ALIGN,
  areaAction,
  canArrange,
  canRun,
  DISTRIBUTE,
  drawnSelection,
  duplicate,
  isLocked,
  lock,
  Needs,
  remove,
  runAction,
  shown,
  styleSelection,
  useEditor,
  useEditorTexts,
  useGestureTexts,
} from '@/editor'
import { isShape } from '@/protocol'
import { IconButton, Menu, type MenuEntry, useValue } from '@/ui'
import { ICON_NAMES, NodeIcon } from '../cards/NodeIcon'
import { useCanvasTexts } from '../texts/canvas'
import { useShapeTexts } from '../texts/shapes'
import styles from './SelectionBar.module.css'

const COLOURS = ['gray', 'red', 'orange', 'yellow', 'green', 'teal', 'blue', 'violet', 'pink'] as const

/** What can be done to the nodes, areas and notes that are selected: colour, icon, order, lock. */
export function SelectionBar() {
  const editor = useEditor()
  const t = useCanvasTexts()
  useValue(editor.selection)
  useValue(editor.lab.places)
  const searching = useValue(editor.searching)
  const nodes = drawnSelection(editor)
  // the search has the same place
  if (nodes.length === 0 || searching) return null
  const locked = nodes.every((node) => isLocked(editor, node))
  return (
    <div className={styles.bar} role="toolbar" aria-label={t.selectionBar}>
      <Needs>
        <Colours />
        {nodes.some((node) => !isShape(node)) && <Icons />}
        {canArrange(editor, 2) && <Arrange />}
        <Tool action={areaAction}>
          <Group size={16} />
        </Tool>
        <Tool action={lock} pressed={locked}>
          {locked ? <Lock size={15} /> : <LockOpen size={15} />}
        </Tool>
        <Tool action={duplicate}>
          <CopyPlus size={16} />
        </Tool>
        <Tool action={remove}>
          <Trash2 size={16} />
        </Tool>
      </Needs>
    </div>
  )
}

function Tool({ action, pressed, children }: { action: Action; pressed?: boolean; children: ReactNode }) {
  const editor = useEditor()
  const t = useEditorTexts()
  return (
    <IconButton
      label={action.label(t)}
      shortcut={shown(action.shortcuts?.[0] ?? '')}
      {...(pressed === undefined ? {} : { pressed })}
      disabled={!canRun(action, editor)}
      onClick={() => runAction(action, editor)}
    >
      {children}
    </IconButton>
  )
}

function Colours() {
  const editor = useEditor()
  const g = useGestureTexts()
  const t = useShapeTexts()
  const set = (colour: (typeof COLOURS)[number] | null): void =>
    void styleSelection(editor, { colour }, g.coloured).catch((error) => editor.fail(error))
  const entries: MenuEntry[] = [
    ...COLOURS.map((colour) => ({
      key: colour,
      label: t[colour],
      icon: <span className={styles.swatch} data-colour={colour} />,
      onSelect: () => set(colour),
    })),
    null,
    { key: 'none', label: t.noColour, onSelect: () => set(null) },
  ]
  return (
    <Menu
      entries={entries}
      trigger={
        <IconButton label={g.colour}>
          <PaletteIcon size={16} />
        </IconButton>
      }
    />
  )
}

function Icons() {
  const editor = useEditor()
  const g = useGestureTexts()
  const t = useShapeTexts()
  const entries: MenuEntry[] = [
    ...ICON_NAMES.map((icon) => ({
      key: icon,
      label: t[icon],
      icon: <NodeIcon name={icon} size={15} />,
      onSelect: () => void styleSelection(editor, { icon }, g.iconSet),
    })),
    null,
    { key: 'none', label: t.noIcon, onSelect: () => void styleSelection(editor, { icon: null }, g.iconSet) },
  ]
  return (
    <Menu
      entries={entries}
      trigger={
        <IconButton label={g.icon}>
          <Shapes size={16} />
        </IconButton>
      }
    />
  )
}

function Arrange() {
  const editor = useEditor()
  const t = useEditorTexts()
  const c = useCanvasTexts()
  const entry = (action: Action): MenuEntry => ({
    key: action.id,
    label: action.label(t),
    shortcut: shown(action.shortcuts?.[0] ?? ''),
    disabled: !canRun(action, editor),
    onSelect: () => runAction(action, editor),
  })
  return (
    <Menu
      entries={[...ALIGN.map(entry), null, ...DISTRIBUTE.map(entry)]}
      trigger={
        <IconButton label={c.arrange}>
          <AlignStartVertical size={16} />
        </IconButton>
      }
    />
  )
}
