import { Layers, Network, Search as SearchIcon } from 'lucide-react'
import {
  type Action,
  canRun,
  layoutActions,
  runAction,
  search,
  shown,
  useEditor,
  useEditorTexts,
  useViewTexts,
  VIEW_OPTIONS,
  viewActions,
} from '@/editor'
import { IconButton, Menu, useValue } from '@/ui'

/** Buttons of the view's toolbar: search, layouts, and what is shown on demand. */
export function ShowMenu() {
  const editor = useEditor()
  const t = useViewTexts()
  const et = useEditorTexts()
  const view = useValue(editor.view)
  const entry = (action: Action) => ({
    key: action.id,
    label: action.label(et),
    shortcut: action.shortcuts?.[0] && shown(action.shortcuts[0]),
    disabled: !canRun(action, editor),
    onSelect: () => runAction(action, editor),
  })
  return (
    <>
      <IconButton label={t.search} shortcut={shown('/')} onClick={() => runAction(search, editor)}>
        <SearchIcon size={15} />
      </IconButton>
      <Menu
        trigger={
          <IconButton label={t.arrangeMenu}>
            <Network size={15} />
          </IconButton>
        }
        entries={layoutActions.map(entry)}
      />
      <Menu
        trigger={
          <IconButton label={t.show}>
            <Layers size={15} />
          </IconButton>
        }
        entries={VIEW_OPTIONS.map((option) => ({ ...entry(viewActions[option]), checked: view[option] }))}
      />
    </>
  )
}
