import { ChevronDown, ChevronRight, Maximize2, Minimize2, PanelBottom, PanelRight, X } from 'lucide-react'
import { type ComponentType, type KeyboardEvent, Suspense } from 'react'
import {
  activateDock,
  closeDock,
  type DockTab,
  type Editor,
  maximiseDock,
  moveDock,
  toggleDock,
  useEditor,
} from '@/editor'
import { IconButton, useValue } from '@/ui'
import styles from './Dock.module.css'
import { Edge } from './Edge'
import { Guard } from './Guard'
import { type DockKind, type DockPanelProps, KINDS } from './kinds'
import { useDockTexts } from './texts'

/** The tools below or beside the canvas: a tab each, the one in front in full; the size is dragged at the edge. */
export function Dock() {
  const editor = useEditor()
  const t = useDockTexts()
  const { tabs, active, beside, height, width, maximised, hidden } = useValue(editor.dock)
  if (tabs.length === 0) return null
  return (
    <section
      className={styles.dock}
      aria-label={t.dock}
      hidden={hidden}
      data-maximised={maximised || undefined}
      data-beside={beside || undefined}
      style={maximised ? undefined : beside ? { width } : { height }}
    >
      <Edge beside={beside} size={beside ? width : height} />
      <div className={styles.bar}>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the tabs inside */}
        <div className={styles.tabs} onKeyDown={(e) => walk(editor, e)}>
          {/* The buttons that close stand beside the tabs, and may not be in their list. */}
          <span role="tablist" aria-label={t.tabs} aria-owns={tabs.map(({ id }) => `tab-${id}`).join(' ')} />
          {tabs.map((tab) => (
            <Tab key={tab.id} tab={tab} active={tab.id === active} />
          ))}
        </div>
        <IconButton label={beside ? t.below : t.beside} onClick={() => moveDock(editor)}>
          {beside ? <PanelBottom size={15} /> : <PanelRight size={15} />}
        </IconButton>
        <IconButton label={maximised ? t.restore : t.maximise} onClick={() => maximiseDock(editor)}>
          {maximised ? <Minimize2 size={15} /> : <Maximize2 size={15} />}
        </IconButton>
        <IconButton label={t.hide} onClick={() => toggleDock(editor)}>
          {beside ? <ChevronRight size={17} /> : <ChevronDown size={17} />}
        </IconButton>
      </div>
      {tabs.map((tab) => (
        <Panel key={tab.id} tab={tab} active={tab.id === active && !hidden} />
      ))}
    </section>
  )
}

/** The kind as one that takes any panel: `KINDS[tab.panel.kind]` is made for just this panel. */
function kindOf(tab: DockTab): DockKind | undefined {
  return KINDS[tab.panel.kind] as DockKind | undefined
}

function shut(editor: Editor, tab: DockTab): void {
  closeDock(editor, tab.id)
  kindOf(tab)?.onClose?.(editor, tab.panel)
}

function useTitle(tab: DockTab): string {
  const t = useDockTexts()
  return tab.title ?? kindOf(tab)?.title(t, tab.panel) ?? tab.panel.kind
}

function Tab({ tab, active }: { tab: DockTab; active: boolean }) {
  const editor = useEditor()
  const t = useDockTexts()
  const title = useTitle(tab)
  const Icon = kindOf(tab)?.icon
  return (
    <div className={styles.tab} data-active={active || undefined} role="presentation">
      <button
        type="button"
        role="tab"
        id={`tab-${tab.id}`}
        aria-selected={active}
        aria-controls={`panel-${tab.id}`}
        tabIndex={active ? 0 : -1}
        className={styles.name}
        onClick={() => activateDock(editor, tab.id)}
        onAuxClick={(e) => e.button === 1 && shut(editor, tab)}
      >
        {Icon && <Icon size={14} aria-hidden />}
        {title}
        {tab.mark && !active && <span className={styles.mark} role="img" aria-label={t.mark} />}
      </button>
      <IconButton label={t.close(title)} size="xs" className={styles.close} onClick={() => shut(editor, tab)}>
        <X size={13} />
      </IconButton>
    </div>
  )
}

function Panel({ tab, active }: { tab: DockTab; active: boolean }) {
  const t = useDockTexts()
  const kind = kindOf(tab)
  if (!kind) return null
  const Component: ComponentType<DockPanelProps> = kind.component
  return (
    <div
      role="tabpanel"
      id={`panel-${tab.id}`}
      aria-labelledby={`tab-${tab.id}`}
      className={styles.panel}
      hidden={!active}
    >
      <Guard>
        <Suspense fallback={<p className={styles.wait}>{t.loading}</p>}>
          <Component tab={tab.id} panel={tab.panel} active={active} />
        </Suspense>
      </Guard>
    </div>
  )
}

/** Arrows, Home and End walk the tabs (WAI-ARIA tabs pattern); Delete closes one. */
function walk(editor: Editor, event: KeyboardEvent): void {
  const { tabs, active } = editor.dock.get()
  const at = tabs.findIndex((tab) => tab.id === active)
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key]
  const shown = tabs[at]
  if (event.key === 'Delete' && shown) shut(editor, shown)
  else if (to === undefined) return
  const next = to === undefined ? editor.dock.get().active : tabs[(to + tabs.length) % tabs.length]?.id
  event.preventDefault()
  event.stopPropagation()
  if (!next) return
  activateDock(editor, next)
  document.getElementById(`tab-${next}`)?.focus()
}
