import { CircleAlert, Info, TriangleAlert, X } from 'lucide-react'
import { useEffect } from 'react'
import { type Toast, useEditor } from '@/editor'
import { afterColon, kindOfId } from '@/protocol'
import { Button, IconButton, useValue } from '@/ui'
import { useUiTexts } from '@/ui/texts'
import styles from './App.module.css'
import { useAppTexts } from './texts'

const ICONS = { error: CircleAlert, warning: TriangleAlert, info: Info }

/** Errors stay until they are dismissed or pushed out by newer ones; the rest goes by itself. */
export function Toaster() {
  const t = useAppTexts()
  const editor = useEditor()
  const toasts = useValue(editor.toasts)
  return (
    <ol className={styles.toasts} aria-label={t.problems}>
      {toasts.map((toast) => (
        <Item key={toast.id} toast={toast} />
      ))}
    </ol>
  )
}

/** `host/eth0`, or of a chain `host: IPv6 filter INPUT`. */
function subjectText(subject: string): string {
  if (SHOWN.includes(kindOfId(subject))) return afterColon(subject)
  if (kindOfId(subject) !== 'chain') return subject
  const [namespace, family, table, ...name] = afterColon(subject).split('/')
  return `${namespace}: ${family === 'ipv6' ? 'IPv6 ' : ''}${table} ${name.join('/')}`
}

/** What can be shown on the canvas. */
const SHOWN: readonly string[] = ['namespace', 'interface']
const LASTS_MS = { info: 5000, warning: 12000, error: 12000 }

function Item({ toast }: { toast: Toast }) {
  const t = useAppTexts()
  const ui = useUiTexts()
  const editor = useEditor()
  const Icon = ICONS[toast.level]
  useEffect(() => {
    const timer = setTimeout(() => editor.dismiss(toast.id), LASTS_MS[toast.level])
    return () => clearTimeout(timer)
  }, [editor, toast])
  const { subject } = toast
  const canShow = subject && SHOWN.includes(kindOfId(subject))
  return (
    <li className={styles.toast} data-level={toast.level}>
      <Icon size={17} aria-hidden="true" />
      <div className={styles.words}>
        <strong>{toast.message}</strong>
        {toast.hint && <div className={styles.hint}>{toast.hint}</div>}
        {subject && <div className={styles.subject}>{subjectText(subject)}</div>}
      </div>
      {canShow && (
        <Button size="s" variant="plain" onClick={() => editor.show(subject)}>
          {t.show}
        </Button>
      )}
      <IconButton label={ui.dismiss} onClick={() => editor.dismiss(toast.id)}>
        <X size={15} />
      </IconButton>
    </li>
  )
}
