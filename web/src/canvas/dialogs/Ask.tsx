import { type ReactNode, useState } from 'react'
import { LostError, ProblemError } from '@/connection'
import { type Editor, useEditor } from '@/editor'
import type { AnyCommand } from '@/protocol'
import { announce, Button, Dialog } from '@/ui'
import { useCanvasTexts } from '../texts/canvas'
import styles from './Ask.module.css'

/** An edit from a dialog. Throws errors for `Editor.fail`. */
export async function ask(editor: Editor, commands: readonly AnyCommand[], label: string): Promise<void> {
  await editor.request(commands, label)
  announce(label)
}

/** A dialog that asks for one edit. It stays open with the reason where the edit is refused. `make` throws then. */
export function Ask({
  title,
  text,
  verb,
  wide,
  disabled,
  make,
  children,
}: {
  title: string
  text?: string
  verb: string
  wide?: boolean
  disabled?: boolean
  make: () => Promise<void>
  children: ReactNode
}) {
  const t = useCanvasTexts()
  const editor = useEditor()
  const [refusal, setRefusal] = useState<{ message: string; hint: string | null } | null>(null)
  const [busy, setBusy] = useState(false)
  const close = (): void => editor.dialog.set(null)
  const submit = async (): Promise<void> => {
    if (busy || disabled) return
    setBusy(true)
    setRefusal(null)
    try {
      await make()
      close()
    } catch (error) {
      if (error instanceof ProblemError) {
        setRefusal({ message: error.problem.message, hint: error.problem.hint ?? null })
      } else {
        editor.fail(error)
        if (error instanceof LostError) close()
      }
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={title}
      {...(text === undefined ? {} : { description: text })}
      {...(wide ? { wide } : {})}
      onClose={close}
      onSubmit={() => void submit()}
      footer={
        <>
          <Button variant="plain" onClick={close}>
            {t.cancel}
          </Button>
          <Button type="submit" variant="primary" disabled={disabled} aria-busy={busy}>
            {verb}
          </Button>
        </>
      }
    >
      {children}
      {refusal && (
        <div className={styles.refusal} role="alert">
          <strong>{refusal.message}</strong>
          {refusal.hint && <div>{refusal.hint}</div>}
        </div>
      )}
    </Dialog>
  )
}
